//! The bytes of every signed document, payload and entry, field by field, written out from
//! PROTOCOL.md by the second implementation in `tests/vectors` and checked by eye. They never change.

pub(crate) const TRANSPORT_CERTIFICATE: &str = "
    01                                | version
    14692b3f20ea8e8da3a4ed82365268f9  | vault
    8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394 | key
    00                                | role = Transport
    8098d2dfbf68                      | issued_at
";

pub(crate) const CONSENT_CERTIFICATE: &str = "
    01                                | version
    14692b3f20ea8e8da3a4ed82365268f9  | vault
    ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1 | key
    01                                | role = Consent
    13131313131313131313131313131313  | role
    8098d2dfbf68                      | issued_at
";

pub(crate) const REQUEST: &str = "
    01                                | version
    14141414141414141414141414141414  | id
    12121212121212121212121212121212  | subject
    13131313131313131313131313131313  | app.id
    095370656e6477697365              | app.display_name
    0441636d65                        | app.brand_name
    0941636d6520476d6248              | app.controller
    024445                            | app.country
    1468747470733a2f2f61636d652e6578616d706c65 | app.website
    1c68747470733a2f2f61636d652e6578616d706c652f70726976616379 | app.privacy_policy_url
    1168656c704061636d652e6578616d706c65 | app.support_contact
    01                                | app.vouched = ByDomain
    01                                | app.sealing_key some
    22bb6024bca0c34dc89f26e9adbe8f8152ba85d8348c70585fa273f0c1a01c6f | app.sealing_key
    01                                | app.signing_key some
    6e7a1cdd29b0b78fd13af4c5598feff4ef2a97166e3ca6f2e4fbfccd80505bf1 | app.signing_key
    02                                | terms.purpose = expense_tracking
    02                                | terms.details count
    00                                | terms.details[0].category = receipts
    03                                | terms.details[0].fields count
    056272616e64                      | terms.details[0].fields name
    00                                | terms.details[0].fields.brand = exact
    0c7075726368617365645f6174        | terms.details[0].fields name
    01                                | terms.details[0].fields.purchased_at = day
    0a746f74616c5f636f7374            | terms.details[0].fields name
    00                                | terms.details[0].fields.total_cost = exact
    01                                | terms.details[0].time_range.from some
    80a89f8dbf68                      | terms.details[0].time_range.from
    00                                | terms.details[0].time_range.to none
    04                                | terms.details[1].category = locations
    02                                | terms.details[1].fields count
    036c6174                          | terms.details[1].fields name
    05                                | terms.details[1].fields.lat = 1km
    036c6f6e                          | terms.details[1].fields name
    05                                | terms.details[1].fields.lon = 1km
    00                                | terms.details[1].time_range.from none
    00                                | terms.details[1].time_range.to none
    01                                | terms.duration = TimeBound
    80f8b4d7f968                      | terms.duration
    01                                | terms.data_life some
    1e                                | terms.data_life.days
    01                                | terms.frequency some
    04                                | terms.frequency.max_reads
    01                                | terms.frequency.per = Day
    00                                | terms.delivery = Server
    01                                | required count
    00                                | required[0].category = receipts
    02                                | required[0].fields count
    056272616e64                      | required[0].fields[0]
    0c7075726368617365645f6174        | required[0].fields[1]
    1a53686f7720796f7572207370656e64696e672062792073686f70 | purpose_text
    1241206d6f6e74686c79206f76657276696577 | benefit
    01                                | recipients count
    0e41636d6520416e616c7974696373    | recipients[0].name
    0970726f636573736f72              | recipients[0].role
    024945                            | recipients[0].country
    01                                | storage_locations count
    024555                            | storage_locations[0]
    01                                | notice some
    1b68747470733a2f2f61636d652e6578616d706c652f6e6f74696365 | notice.url
    0133                              | notice.version
    02656e                            | notice.language
    01                                | notice.sha256 some
    1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b | notice.sha256
    00                                | amends none
    03374b51                          | binding_code
    8098d2dfbf68                      | created_at
    c094e8dfbf68                      | immediate_until
    c0849bb2c068                      | expires_at
";

pub(crate) const STATEMENT_GIVEN: &str = "
    01                                | version
    129c864b82a73c25b627ada83ba4030f  | grant
    12121212121212121212121212121212  | subject
    13131313131313131313131313131313  | app
    dc7bb91baac495bb1c316c880e781b329bf9f7ef7bcbf80c3b0b1bd8c17b3bda | request
    01                                | number
    0000000000000000000000000000000000000000000000000000000000000000 | previous
    00                                | event = Given
    02                                | event.terms.purpose = expense_tracking
    02                                | event.terms.details count
    00                                | event.terms.details[0].category = receipts
    03                                | event.terms.details[0].fields count
    056272616e64                      | event.terms.details[0].fields name
    00                                | event.terms.details[0].fields.brand = exact
    0c7075726368617365645f6174        | event.terms.details[0].fields name
    01                                | event.terms.details[0].fields.purchased_at = day
    0a746f74616c5f636f7374            | event.terms.details[0].fields name
    00                                | event.terms.details[0].fields.total_cost = exact
    01                                | event.terms.details[0].time_range.from some
    80a89f8dbf68                      | event.terms.details[0].time_range.from
    00                                | event.terms.details[0].time_range.to none
    04                                | event.terms.details[1].category = locations
    02                                | event.terms.details[1].fields count
    036c6174                          | event.terms.details[1].fields name
    05                                | event.terms.details[1].fields.lat = 1km
    036c6f6e                          | event.terms.details[1].fields name
    05                                | event.terms.details[1].fields.lon = 1km
    00                                | event.terms.details[1].time_range.from none
    00                                | event.terms.details[1].time_range.to none
    01                                | event.terms.duration = TimeBound
    80f8b4d7f968                      | event.terms.duration
    01                                | event.terms.data_life some
    1e                                | event.terms.data_life.days
    01                                | event.terms.frequency some
    04                                | event.terms.frequency.max_reads
    01                                | event.terms.frequency.per = Day
    00                                | event.terms.delivery = Server
    01                                | event.generation
    04e6ac4f5d180bceea55de85c65663cd695e8c60b527f2cc3f2c47631e075059 | event.key
    c0c1d9dfbf68                      | decided_at
    19191919191919191919191919191919  | delivery_nonce
";

pub(crate) const STATEMENT_NARROWED: &str = "
    01                                | version
    129c864b82a73c25b627ada83ba4030f  | grant
    12121212121212121212121212121212  | subject
    13131313131313131313131313131313  | app
    dc7bb91baac495bb1c316c880e781b329bf9f7ef7bcbf80c3b0b1bd8c17b3bda | request
    02                                | number
    2249267ea403298f6d7ef16774e5636ce782c6adc7d5c3e0b823d5c9813fec61 | previous
    02                                | event = Narrowed
    02                                | event.terms.purpose = expense_tracking
    01                                | event.terms.details count
    00                                | event.terms.details[0].category = receipts
    02                                | event.terms.details[0].fields count
    056272616e64                      | event.terms.details[0].fields name
    00                                | event.terms.details[0].fields.brand = exact
    0c7075726368617365645f6174        | event.terms.details[0].fields name
    02                                | event.terms.details[0].fields.purchased_at = month
    01                                | event.terms.details[0].time_range.from some
    80a89f8dbf68                      | event.terms.details[0].time_range.from
    00                                | event.terms.details[0].time_range.to none
    01                                | event.terms.duration = TimeBound
    80f8b4d7f968                      | event.terms.duration
    01                                | event.terms.data_life some
    1e                                | event.terms.data_life.days
    01                                | event.terms.frequency some
    02                                | event.terms.frequency.max_reads
    02                                | event.terms.frequency.per = Week
    00                                | event.terms.delivery = Server
    02                                | event.generation
    1d66f20779d54f9e5e5d5a8ac30f7334fa0b329d4f98f5f4f827aa6bc61c6418 | event.key
    c2c1d9dfbf68                      | decided_at
    00000000000000000000000000000000  | delivery_nonce
";

pub(crate) const STATEMENT_PAUSED: &str = "
    01                                | version
    129c864b82a73c25b627ada83ba4030f  | grant
    12121212121212121212121212121212  | subject
    13131313131313131313131313131313  | app
    dc7bb91baac495bb1c316c880e781b329bf9f7ef7bcbf80c3b0b1bd8c17b3bda | request
    03                                | number
    3f7a1ff9379f09636f951f9dac6c0972db38900529b82e9c834ff71b83e8b44c | previous
    03                                | event = Paused
    c4c1d9dfbf68                      | decided_at
    00000000000000000000000000000000  | delivery_nonce
";

pub(crate) const STATEMENT_RESUMED: &str = "
    01                                | version
    129c864b82a73c25b627ada83ba4030f  | grant
    12121212121212121212121212121212  | subject
    13131313131313131313131313131313  | app
    dc7bb91baac495bb1c316c880e781b329bf9f7ef7bcbf80c3b0b1bd8c17b3bda | request
    04                                | number
    6751042ceebbf34437c062f554c453be7927784b5e0ffc4746d2baf9076037d0 | previous
    04                                | event = Resumed
    c6c1d9dfbf68                      | decided_at
    00000000000000000000000000000000  | delivery_nonce
";

pub(crate) const STATEMENT_RENEWED: &str = "
    01                                | version
    129c864b82a73c25b627ada83ba4030f  | grant
    12121212121212121212121212121212  | subject
    13131313131313131313131313131313  | app
    dc7bb91baac495bb1c316c880e781b329bf9f7ef7bcbf80c3b0b1bd8c17b3bda | request
    05                                | number
    ba8c926677600af4d4b2f3cb72c8e3686ff48e06d5455aecb51bffc3c8c5c99a | previous
    06                                | event = Renewed
    02                                | event.terms.purpose = expense_tracking
    01                                | event.terms.details count
    00                                | event.terms.details[0].category = receipts
    02                                | event.terms.details[0].fields count
    056272616e64                      | event.terms.details[0].fields name
    00                                | event.terms.details[0].fields.brand = exact
    0c7075726368617365645f6174        | event.terms.details[0].fields name
    02                                | event.terms.details[0].fields.purchased_at = month
    01                                | event.terms.details[0].time_range.from some
    80a89f8dbf68                      | event.terms.details[0].time_range.from
    00                                | event.terms.details[0].time_range.to none
    01                                | event.terms.duration = TimeBound
    80f8b4d7f968                      | event.terms.duration
    01                                | event.terms.data_life some
    1e                                | event.terms.data_life.days
    01                                | event.terms.frequency some
    02                                | event.terms.frequency.max_reads
    02                                | event.terms.frequency.per = Week
    00                                | event.terms.delivery = Server
    02                                | event.generation
    1d66f20779d54f9e5e5d5a8ac30f7334fa0b329d4f98f5f4f827aa6bc61c6418 | event.key
    c8c1d9dfbf68                      | decided_at
    00000000000000000000000000000000  | delivery_nonce
";

pub(crate) const STATEMENT_WITHDRAWN: &str = "
    01                                | version
    129c864b82a73c25b627ada83ba4030f  | grant
    12121212121212121212121212121212  | subject
    13131313131313131313131313131313  | app
    dc7bb91baac495bb1c316c880e781b329bf9f7ef7bcbf80c3b0b1bd8c17b3bda | request
    06                                | number
    6de6e86a87842dbc3917f151c84c46a3b22046d79382784f82e83ef9f45f902a | previous
    05                                | event = Withdrawn
    cac1d9dfbf68                      | decided_at
    00000000000000000000000000000000  | delivery_nonce
";

pub(crate) const STATEMENT_REFUSED: &str = "
    01                                | version
    129c864b82a73c25b627ada83ba4030f  | grant
    12121212121212121212121212121212  | subject
    13131313131313131313131313131313  | app
    dc7bb91baac495bb1c316c880e781b329bf9f7ef7bcbf80c3b0b1bd8c17b3bda | request
    01                                | number
    0000000000000000000000000000000000000000000000000000000000000000 | previous
    01                                | event = Refused
    c0c1d9dfbf68                      | decided_at
    19191919191919191919191919191919  | delivery_nonce
";

pub(crate) const ERASURE_RECEIPT: &str = "
    01                                | version
    17171717171717171717171717171717  | id
    129c864b82a73c25b627ada83ba4030f  | grant
    0e327d9a6926cb0c09d6cf39e3d142443d6a10c45eaf77a22d1583ad6036a659 | statement
    e807                              | entries
    02                                | keys
    d0a7d2dfbf68                      | erased_at
    01                                | backups_expire_at some
    80b8c887d368                      | backups_expire_at
    15151515151515151515151515151515  | state
";

pub(crate) const LOG_HEAD: &str = "
    01                                | version
    14692b3f20ea8e8da3a4ed82365268f9  | vault
    170099a82c409bea227e15e125783681  | log
    aa02                              | base
    02                                | size
    aa0609a444fdb8e619c6a1f71049862a252c67886cb186777fd4e75e0ddf6a1a | root
    8098d2dfbf68                      | at
";

pub(crate) const ESCROW_DOCUMENT: &str = "
    01                                | version
    14692b3f20ea8e8da3a4ed82365268f9  | vault
    ac02                              | number
    8098d2dfbf68                      | made_at
    01                                | holders count
    c7d02ce331d268a19638b76c1bfcadf2e63738032885e129a9b988cfb2c47c0c | holders[0].key
    cdc71054f7917f41c263a8f714266dddf52f3a802930e2f6343e3563f38824f14ce5dd3373fec78f7ad86c5e6e60527f116d7bb9d61d564f8c10ac7f7581c802 | holders[0].voucher
    9c9a9f640519f975533cd62b1128ce7065db3368e6ded1c5a168627c38b1b162 | holders[0].enc
    512325c5a2ad3847a57d242d396e114cca62caff2f050d9e8cddc8e3cfa602899722b16d19d70ea7e87fa32cc022821120a5c2a5a7df046a3cc325654c366e59d5888d03d83ba389edfbf614221bb6d09797 | holders[0].ciphertext
";

pub(crate) const REVOCATION: &str = "
    01                                | version
    14692b3f20ea8e8da3a4ed82365268f9  | vault
    02                                | number
    8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394 | stays
    8098d2dfbf68                      | at
";

pub(crate) const ACCEPTANCE: &str = "
    01                                | version
    14692b3f20ea8e8da3a4ed82365268f9  | vault
    dc7bb91baac495bb1c316c880e781b329bf9f7ef7bcbf80c3b0b1bd8c17b3bda | request
    2249267ea403298f6d7ef16774e5636ce782c6adc7d5c3e0b823d5c9813fec61 | statement
    a8c9d9dfbf68                      | accepted_at
    15151515151515151515151515151515  | state
";

pub(crate) const PAYLOAD_RECEIPT: &str = "
    03                                | fields count
    056272616e64                      | fields name
    05                                | fields.brand = Text
    0a436166c3a92041636d65            | fields.brand
    0c7075726368617365645f6174        | fields name
    08                                | fields.purchased_at = Date
    d41f                              | fields.purchased_at.year
    0b                                | fields.purchased_at.month
    15                                | fields.purchased_at.day
    0a746f74616c5f636f7374            | fields name
    03                                | fields.total_cost = Decimal
    c413                              | fields.total_cost.mantissa
    02                                | fields.total_cost.scale
";

pub(crate) const PAYLOAD_EVERY_KIND_OF_VALUE: &str = "
    0c                                | fields count
    0161                              | fields name
    00                                | fields.a = Null
    0162                              | fields name
    01                                | fields.b = Bool
    01                                | fields.b
    0163                              | fields name
    02                                | fields.c = Int
    d704                              | fields.c
    0164                              | fields name
    03                                | fields.d = Decimal
    a3abf8b19de3d4d4d602              | fields.d.mantissa
    1c                                | fields.d.scale
    0165                              | fields name
    04                                | fields.e = Float
    000000000000c0bf                  | fields.e
    0166                              | fields name
    05                                | fields.f = Text
    00                                | fields.f
    0167                              | fields name
    06                                | fields.g = Bytes
    0200ff                            | fields.g
    0168                              | fields name
    07                                | fields.h = Timestamp
    01                                | fields.h
    0169                              | fields name
    08                                | fields.i = Date
    57                                | fields.i.year
    03                                | fields.i.month
    0f                                | fields.i.day
    016a                              | fields name
    09                                | fields.j = Point
    6666666666064740                  | fields.j.lat
    0000000000002d40                  | fields.j.lon
    016b                              | fields name
    0a                                | fields.k = List
    02                                | fields.k count
    0b                                | fields.k[0] = Map
    02                                | fields.k[0] count
    046e616d65                        | fields.k[0] name
    05                                | fields.k[0].name = Text
    03746561                          | fields.k[0].name
    057072696365                      | fields.k[0] name
    02                                | fields.k[0].price = Int
    04                                | fields.k[0].price
    00                                | fields.k[1] = Null
    016c                              | fields name
    0b                                | fields.l = Map
    00                                | fields.l count
";

pub(crate) const PAYLOAD_EMPTY: &str = "
    00                                | fields count
";

pub(crate) const ENTRY: &str = "
    6b39f99aff051aae5c60ff313b1c0dc7  | slot
    6cbedc6a9f23c078ca8e8cadeb63ed92  | tag
    ac02                              | rev
    00                                | body = Put
    00                                | body.category = receipts
    1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a | body.nonce
    507d1f3e033f50aa281e85e9e887d897f4663c12b186135283cd670a305758651a6895196d04d1ab000f841f726a92ea2e651b86c83f1e2f0a335919e40f5e0af95e953ae63935f9d677a8196b523f1c8d | body.ciphertext
";

//! The bytes of every frame, field by field, written out from PROTOCOL.md by the second
//! implementation in `tests/vectors` and checked by eye. They never change. A document within a
//! frame is named instead of repeated.

use crate::documents::*;

pub(crate) const HELLO: &[&str] = &["
    c2000000                          | length
    01                                | type HELLO
    00                                | minor
    00                                | features
    14692b3f20ea8e8da3a4ed82365268f9  | vault
    38                                | device.bytes length
", TRANSPORT_CERTIFICATE, "
    3205df7f0b347aa371b8caa0ecad29dda82be61c64c47c787fcc5b7e432314a8c156acf6d244801f3a5382f87290755a4318f6cdb430b8b5e735310b7f9b4606 | device.signature
    16161616161616161616161616161616  | incarnation
    ac02                              | events_seen
    01                                | grants count
    8a7bfb97ce2bf488c22325887f2a3e0f  | grants[0].grant
    01                                | grants[0].statement
    01                                | grants[0].generation
    02                                | grants[0].count
    0d29726683eab58fe92c0b1c0507e700  | grants[0].fingerprint
"];

pub(crate) const REGISTER: &[&str] = &["
    a5000000                          | length
    02                                | type REGISTER
    8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c | owner_key
    38                                | device.bytes length
", TRANSPORT_CERTIFICATE, "
    3205df7f0b347aa371b8caa0ecad29dda82be61c64c47c787fcc5b7e432314a8c156acf6d244801f3a5382f87290755a4318f6cdb430b8b5e735310b7f9b4606 | device.signature
    01                                | invite some
    0957454c434f4d452d31              | invite
"];

pub(crate) const LINK_OPEN: &[&str] = &["
    01000000                          | length
    03                                | type LINK_OPEN
"];

pub(crate) const SUBMIT_GIVEN: &[&str] = &["
    10020000                          | length
    04                                | type STATEMENT
    d201                              | statement.bytes length
", STATEMENT_GIVEN, "
    ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1 | statement.key
    b284595cfefa3d6aac2a85f376302146cfc491c17d69c4f2f470c19017141a9888ba426eeb6049f4a967e835b5e92d7a7aaaed4dfa62c4d50ac5c5fb30117a04 | statement.signature
    48                                | certificate.bytes length
", CONSENT_CERTIFICATE, "
    ff872d26e6c40aa33eb51f3106f980edc7f2749bc32ab2bd6ce42d3e6593bad08f83eca7b192cebf06eb5582fd51dbe439dca655912acd48982ad2e441dc6500 | certificate.signature
    01                                | grant_key some
    5fd47633b5e43fca7bad1bfbe424feacb175d9d4d4a30f166dbd30636f0b446b | grant_key.enc
    30f968595a649f028bfcce45bb4e4a111c3ca694a609aa28a554bb59dcdbc2b0e38f5d962e3ac56880c2b823556b157082 | grant_key.ciphertext
"];

pub(crate) const SUBMIT_WITHDRAWN: &[&str] = &["
    76010000                          | length
    04                                | type STATEMENT
    8901                              | statement.bytes length
", STATEMENT_WITHDRAWN, "
    ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1 | statement.key
    106938b4985d6ac1b4f049ed81845205a3e79b22f190bd1b8661957bc3c88869cd62225bdef4eac8d43ed028aaeb029ef501e53672ad72ad14341c4096784b01 | statement.signature
    48                                | certificate.bytes length
", CONSENT_CERTIFICATE, "
    ff872d26e6c40aa33eb51f3106f980edc7f2749bc32ab2bd6ce42d3e6593bad08f83eca7b192cebf06eb5582fd51dbe439dca655912acd48982ad2e441dc6500 | certificate.signature
    00                                | grant_key none
"];

pub(crate) const ENTRIES: &[&str] = &["
    c5000000                          | length
    05                                | type ENTRIES
    8a7bfb97ce2bf488c22325887f2a3e0f  | grant
    01                                | generation
    01                                | statement
    8001                              | number
    02                                | entries count
    7957ccadf00060f963f59ac59a524cbd  | entries[0].slot
    e0d0628f976d35a2f847ff0ac8c81492  | entries[0].tag
    ac02                              | entries[0].rev
    00                                | entries[0].body = Put
    00                                | entries[0].body.category = receipts
    1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a | entries[0].body.nonce
    507d1f3e033f50aa281e85e9e887d897f4663c12b186135283cd670a305758651a6895196d04d1ab000f841f726a92ea2e651b86c83f1e2f0a335919e40f5e0af908880a3ff4aa33ce5ae70e35226e6b87 | entries[0].body.ciphertext
    21212121212121212121212121212121  | entries[1].slot
    00000000000000000000000000000000  | entries[1].tag
    07                                | entries[1].rev
    01                                | entries[1].body = Delete
"];

pub(crate) const EVENTS_SEEN: &[&str] = &["
    03000000                          | length
    06                                | type EVENTS_SEEN
    ac02                              | through
"];

pub(crate) const RECONCILE: &[&str] = &["
    18000000                          | length
    10                                | type RECONCILE
    8a7bfb97ce2bf488c22325887f2a3e0f  | grant
    01                                | generation
    056100000200                      | message
"];

pub(crate) const WELCOME: &[&str] = &["
    a7000000                          | length
    81                                | type WELCOME
    00                                | minor
    00                                | features
    15151515151515151515151515151515  | state
    8098d2dfbf68                      | time
    8004                              | limits.batch_entries
    80808004                          | limits.credit_bytes
    ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c | keys.receipts
    22bb6024bca0c34dc89f26e9adbe8f8152ba85d8348c70585fa273f0c1a01c6f | keys.sealing
    ac02                              | last_notice
    04                                | standings count
    41414141414141414141414141414141  | standings[0].grant
    00                                | standings[0].standing = Reconcile
    42424242424242424242424242424242  | standings[1].grant
    01                                | standings[1].standing = Unknown
    43434343434343434343434343434343  | standings[2].grant
    02                                | standings[2].standing = StatementStale
    02                                | standings[2].standing
    44444444444444444444444444444444  | standings[3].grant
    03                                | standings[3].standing = Withdrawn
"];

pub(crate) const REGISTERED: &[&str] = &["
    07000000                          | length
    82                                | type REGISTERED
    8098d2dfbf68                      | time
"];

pub(crate) const LINK_CODE: &[&str] = &["
    10000000                          | length
    83                                | type LINK_CODE
    08374b51324d395841                | code
    80b79be0bf68                      | expires_at
"];

pub(crate) const STATEMENT_ACK_ACCEPTED: &[&str] = &["
    13000000                          | length
    84                                | type STATEMENT_ACK
    8a7bfb97ce2bf488c22325887f2a3e0f  | grant
    01                                | number
    00                                | outcome = Accepted
"];

pub(crate) const STATEMENT_ACK_ERASED: &[&str] = &["
    d6000000                          | length
    84                                | type STATEMENT_ACK
    8a7bfb97ce2bf488c22325887f2a3e0f  | grant
    06                                | number
    01                                | outcome = Erased
    61                                | outcome.bytes length
", ERASURE_RECEIPT, "
    ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c | outcome.key
    b3fd05654c1a05ac33c424ac5adcbeab04e1982412fc0efc3dc1c4d2c6ab1ac0af87feb5bd3c327ec3f42f90786dcc24b83c08aaf7dab280dc531937a751bd0f | outcome.signature
    00                                | outcome.log_proof
"];

pub(crate) const STATEMENT_ACK_REFUSED: &[&str] = &["
    14000000                          | length
    84                                | type STATEMENT_ACK
    8a7bfb97ce2bf488c22325887f2a3e0f  | grant
    01                                | number
    02                                | outcome = Refused
    0a                                | outcome = BadGrantKey
"];

pub(crate) const ENTRIES_ACK: &[&str] = &["
    6c000000                          | length
    85                                | type ENTRIES_ACK
    8a7bfb97ce2bf488c22325887f2a3e0f  | grant
    01                                | generation
    8001                              | number
    05                                | rejected count
    51515151515151515151515151515151  | rejected[0].slot
    00                                | rejected[0].why = NotAuthentic
    52525252525252525252525252525252  | rejected[1].slot
    01                                | rejected[1].why = OutsideGrant
    53535353535353535353535353535353  | rejected[2].slot
    02                                | rejected[2].why = TooLarge
    54545454545454545454545454545454  | rejected[3].slot
    03                                | rejected[3].why = Stale
    ac02                              | rejected[3].why
    55555555555555555555555555555555  | rejected[4].slot
    04                                | rejected[4].why = GrantOver
"];

pub(crate) const NOTICE_REQUEST: &[&str] = &["
    1b020000                          | length
    86                                | type NOTICE
    01                                | number
    00                                | event = Request
    c503                              | event.bytes length
", REQUEST, "
    01                                | event.signature some
    7bb193eea52c4b04d8aeb6c8f648d88c63cc383a8556c7c3689eda490b4e616bd8d00db7b7ee24900978ec722bf7261684d4c1fbe47d9aa16da7ecccad6ab803 | event.signature
    19191919191919191919191919191919  | event.delivery_nonce
"];

pub(crate) const NOTICE_REQUEST_CLOSED: &[&str] = &["
    14000000                          | length
    86                                | type NOTICE
    02                                | number
    01                                | event = RequestClosed
    14141414141414141414141414141414  | event.request
    02                                | event.how = Superseded
"];

pub(crate) const NOTICE_READ: &[&str] = &["
    4f000000                          | length
    86                                | type NOTICE
    03                                | number
    02                                | event = Read
    18181818181818181818181818181818  | event.id
    8098d2dfbf68                      | event.at
    13131313131313131313131313131313  | event.app
    8a7bfb97ce2bf488c22325887f2a3e0f  | event.grant
    02                                | event.purpose = expense_tracking
    00                                | event.category = receipts
    02                                | event.fields count
    056272616e64                      | event.fields[0]
    0a746f74616c5f636f7374            | event.fields[1]
    e807                              | event.records
"];

pub(crate) const NOTICE_REFUSED_READS: &[&str] = &["
    25000000                          | length
    86                                | type NOTICE
    04                                | number
    03                                | event = RefusedReads
    8098d2dfbf68                      | event.at
    13131313131313131313131313131313  | event.app
    095370656e6477697365              | event.app_name
    01                                | event.category = health
    03                                | event.attempts
"];

pub(crate) const NOTICE_LINKED: &[&str] = &["
    cc000000                          | length
    86                                | type NOTICE
    05                                | number
    04                                | event = Linked
    13131313131313131313131313131313  | event.app.id
    095370656e6477697365              | event.app.display_name
    0441636d65                        | event.app.brand_name
    0941636d6520476d6248              | event.app.controller
    024445                            | event.app.country
    1468747470733a2f2f61636d652e6578616d706c65 | event.app.website
    1c68747470733a2f2f61636d652e6578616d706c652f70726976616379 | event.app.privacy_policy_url
    1168656c704061636d652e6578616d706c65 | event.app.support_contact
    01                                | event.app.vouched = ByDomain
    01                                | event.app.sealing_key some
    22bb6024bca0c34dc89f26e9adbe8f8152ba85d8348c70585fa273f0c1a01c6f | event.app.sealing_key
    01                                | event.app.signing_key some
    6e7a1cdd29b0b78fd13af4c5598feff4ef2a97166e3ca6f2e4fbfccd80505bf1 | event.app.signing_key
    12121212121212121212121212121212  | event.subject
    8098d2dfbf68                      | event.at
"];

pub(crate) const RECONCILED: &[&str] = &["
    58000000                          | length
    90                                | type RECONCILED
    8a7bfb97ce2bf488c22325887f2a3e0f  | grant
    01                                | generation
    45610000020222222222222222222222222222222222232323232323232323232323232323237957ccadf00060f963f59ac59a524cbde0d0628f976d35a2f847ff0ac8c81492 | message
"];

pub(crate) const REFUSED: &[&str] = &["
    02000000                          | length
    ff                                | type REFUSED
    05                                | refusal = Unavailable
"];

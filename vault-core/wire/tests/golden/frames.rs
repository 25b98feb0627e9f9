//! The bytes of every frame, field by field, written out from PROTOCOL.md by the second
//! implementation in `tests/vectors` and checked by eye. They never change. A document within a
//! frame is named instead of repeated.

use crate::documents::*;

pub(crate) const HELLO: &[&str] = &["
    33010000                          | length
    01                                | type HELLO
    00                                | minor
    00                                | features
    14692b3f20ea8e8da3a4ed82365268f9  | vault
    38                                | device.bytes length
", TRANSPORT_CERTIFICATE, "
    3205df7f0b347aa371b8caa0ecad29dda82be61c64c47c787fcc5b7e432314a8c156acf6d244801f3a5382f87290755a4318f6cdb430b8b5e735310b7f9b4606 | device.signature
    16161616161616161616161616161616  | incarnation
    ac02                              | events_seen
    170099a82c409bea227e15e125783681  | log.log
    4358a213d419c32435d8d583e2ad09575244000b74b842de4d0d1d01a3aeeff9 | log.last
    01                                | grants count
    129c864b82a73c25b627ada83ba4030f  | grants[0].grant
    01                                | grants[0].statement
    2249267ea403298f6d7ef16774e5636ce782c6adc7d5c3e0b823d5c9813fec61 | grants[0].last
    01                                | grants[0].generation
    02                                | grants[0].count
    e3c9d57ef50011632ffe9e935cbb0523  | grants[0].fingerprint
    02                                | ended count
    46464646464646464646464646464646  | ended[0]
    47474747474747474747474747474747  | ended[1]
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
    31020000                          | length
    04                                | type STATEMENT
    f201                              | statement.bytes length
", STATEMENT_GIVEN, "
    ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1 | statement.key
    b30bc164396f82afc758fd5c3cdd0f1c893aa2ac1bc098a5ef3045f2e84e9deed2fc394f8767a39be1054fb101f7e8cef5ad75a3e81415c11870f2d3ef11d000 | statement.signature
    48                                | certificate.bytes length
", CONSENT_CERTIFICATE, "
    ff872d26e6c40aa33eb51f3106f980edc7f2749bc32ab2bd6ce42d3e6593bad08f83eca7b192cebf06eb5582fd51dbe439dca655912acd48982ad2e441dc6500 | certificate.signature
    01                                | grant_key some
    5fd47633b5e43fca7bad1bfbe424feacb175d9d4d4a30f166dbd30636f0b446b | grant_key.enc
    30a015569edd4c476f4b9503c2a72f1f6d81b7eadd763e5c1b854f8d6bc4f32a57a9691b057a810f1ad9211f6b57e5f7c4 | grant_key.ciphertext
    00                                | proof none
"];

pub(crate) const SUBMIT_RESTORED: &[&str] = &["
    17050000                          | length
    04                                | type STATEMENT
    f201                              | statement.bytes length
", STATEMENT_GIVEN, "
    ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1 | statement.key
    b30bc164396f82afc758fd5c3cdd0f1c893aa2ac1bc098a5ef3045f2e84e9deed2fc394f8767a39be1054fb101f7e8cef5ad75a3e81415c11870f2d3ef11d000 | statement.signature
    48                                | certificate.bytes length
", CONSENT_CERTIFICATE, "
    ff872d26e6c40aa33eb51f3106f980edc7f2749bc32ab2bd6ce42d3e6593bad08f83eca7b192cebf06eb5582fd51dbe439dca655912acd48982ad2e441dc6500 | certificate.signature
    01                                | grant_key some
    5fd47633b5e43fca7bad1bfbe424feacb175d9d4d4a30f166dbd30636f0b446b | grant_key.enc
    30a015569edd4c476f4b9503c2a72f1f6d81b7eadd763e5c1b854f8d6bc4f32a57a9691b057a810f1ad9211f6b57e5f7c4 | grant_key.ciphertext
    01                                | proof some
    db03                              | proof.request length
", REQUEST, "
    01                                | proof.request_signature some
    d02be515cd3cc0f47c7ac43d1ec61059744754143a600d281d593108d8fa17427bac4b5778645551a95866784236cb9f1a0a35957c795d3b8fb72624e881e60f | proof.request_signature
    67                                | proof.acceptance.bytes length
", ACCEPTANCE, "
    ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c | proof.acceptance.key
    de620b0246759129df29b14289e803241ab697a3e0598eb1ef73ecc121ba00f384da40cc5e8ba7fe28b4f3685357ef131e5adbe81b54c403e39705abdb759701 | proof.acceptance.signature
"];

pub(crate) const SUBMIT_WITHDRAWN: &[&str] = &["
    77010000                          | length
    04                                | type STATEMENT
    8901                              | statement.bytes length
", STATEMENT_WITHDRAWN, "
    ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1 | statement.key
    f3e4e2d04d63a020a13f2286f815d2a5fe1b0cc9c4b9c294cc8efadd520e934106bcc7e5289eb9bd472ad9445651b12a1b14378c08a84cc54608f4534dc4970c | statement.signature
    48                                | certificate.bytes length
", CONSENT_CERTIFICATE, "
    ff872d26e6c40aa33eb51f3106f980edc7f2749bc32ab2bd6ce42d3e6593bad08f83eca7b192cebf06eb5582fd51dbe439dca655912acd48982ad2e441dc6500 | certificate.signature
    00                                | grant_key none
    00                                | proof none
"];

pub(crate) const ENTRIES: &[&str] = &["
    c5000000                          | length
    05                                | type ENTRIES
    129c864b82a73c25b627ada83ba4030f  | grant
    01                                | generation
    01                                | statement
    8001                              | number
    02                                | entries count
    6b39f99aff051aae5c60ff313b1c0dc7  | entries[0].slot
    6cbedc6a9f23c078ca8e8cadeb63ed92  | entries[0].tag
    ac02                              | entries[0].rev
    00                                | entries[0].body = Put
    00                                | entries[0].body.category = receipts
    1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a | entries[0].body.nonce
    507d1f3e033f50aa281e85e9e887d897f4663c12b186135283cd670a305758651a6895196d04d1ab000f841f726a92ea2e651b86c83f1e2f0a335919e40f5e0af95e953ae63935f9d677a8196b523f1c8d | entries[0].body.ciphertext
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
    129c864b82a73c25b627ada83ba4030f  | grant
    01                                | generation
    056100000200                      | message
"];

pub(crate) const WELCOME: &[&str] = &["
    97010000                          | length
    81                                | type WELCOME
    00                                | minor
    00                                | features
    15151515151515151515151515151515  | state
    8098d2dfbf68                      | time
    8004                              | limits.batch_entries
    80808004                          | limits.credit_bytes
    ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c | keys.receipts
    22bb6024bca0c34dc89f26e9adbe8f8152ba85d8348c70585fa273f0c1a01c6f | keys.sealing
    ac02                              | escrow
    4a                                | log.bytes length
", LOG_HEAD, "
    ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c | log.key
    b48589a09aaad168fff974a1193f44138f4ba352f6bd3a3b5350d321edec2c7a7400898dd78d954aff3ae09cf45e92df73128ff19e7fec760af2eeeb6bbe2e0e | log.signature
    08                                | standings count
    41414141414141414141414141414141  | standings[0].grant
    00                                | standings[0].standing = Reconcile
    42424242424242424242424242424242  | standings[1].grant
    01                                | standings[1].standing = Unknown
    43434343434343434343434343434343  | standings[2].grant
    02                                | standings[2].standing = StatementStale
    02                                | standings[2].standing
    44444444444444444444444444444444  | standings[3].grant
    03                                | standings[3].standing = Withdrawn
    45454545454545454545454545454545  | standings[4].grant
    04                                | standings[4].standing = Expired
    46464646464646464646464646464646  | standings[5].grant
    05                                | standings[5].standing = Superseded
    47474747474747474747474747474747  | standings[6].grant
    06                                | standings[6].standing = Behind
    03                                | standings[6].standing
    48484848484848484848484848484848  | standings[7].grant
    07                                | standings[7].standing = KeyMissing
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
    db000000                          | length
    84                                | type STATEMENT_ACK
    129c864b82a73c25b627ada83ba4030f  | grant
    01                                | number
    00                                | outcome = Accepted
    67                                | outcome.bytes length
", ACCEPTANCE, "
    ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c | outcome.key
    de620b0246759129df29b14289e803241ab697a3e0598eb1ef73ecc121ba00f384da40cc5e8ba7fe28b4f3685357ef131e5adbe81b54c403e39705abdb759701 | outcome.signature
"];

pub(crate) const STATEMENT_ACK_ERASED: &[&str] = &["
    a2010000                          | length
    84                                | type STATEMENT_ACK
    129c864b82a73c25b627ada83ba4030f  | grant
    06                                | number
    01                                | outcome = Erased
    61                                | outcome.bytes length
", ERASURE_RECEIPT, "
    ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c | outcome.key
    d30dca725974bff8a68a334c0d12aaf078c0ddaeff422b78dec9937330ae48b18095e2ff463f5b8a55b3727ceaedbe613b2c60c9d92ae347f89a9ba852bbf004 | outcome.signature
    4a                                | outcome.log.head.bytes length
", LOG_HEAD, "
    ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c | outcome.log.head.key
    b48589a09aaad168fff974a1193f44138f4ba352f6bd3a3b5350d321edec2c7a7400898dd78d954aff3ae09cf45e92df73128ff19e7fec760af2eeeb6bbe2e0e | outcome.log.head.signature
    01                                | outcome.log.index
    01                                | outcome.log.path count
    14024673a8d321057482e0732fadbcea38b6d6bc9c13b9e81db6a155b4441823 | outcome.log.path[0]
"];

pub(crate) const STATEMENT_ACK_REFUSED: &[&str] = &["
    14000000                          | length
    84                                | type STATEMENT_ACK
    129c864b82a73c25b627ada83ba4030f  | grant
    01                                | number
    02                                | outcome = Refused
    0a                                | outcome = BadGrantKey
"];

pub(crate) const ENTRIES_ACK: &[&str] = &["
    6c000000                          | length
    85                                | type ENTRIES_ACK
    129c864b82a73c25b627ada83ba4030f  | grant
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
    31020000                          | length
    86                                | type NOTICE
    01                                | number
    00                                | event = Request
    db03                              | event.bytes length
", REQUEST, "
    01                                | event.signature some
    d02be515cd3cc0f47c7ac43d1ec61059744754143a600d281d593108d8fa17427bac4b5778645551a95866784236cb9f1a0a35957c795d3b8fb72624e881e60f | event.signature
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
    129c864b82a73c25b627ada83ba4030f  | event.grant
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
    129c864b82a73c25b627ada83ba4030f  | grant
    01                                | generation
    45610000020222222222222222222222222222222222232323232323232323232323232323236b39f99aff051aae5c60ff313b1c0dc76cbedc6a9f23c078ca8e8cadeb63ed92 | message
"];

pub(crate) const KEPT: &[&str] = &["
    d5040000                          | length
    88                                | type KEPT
    f201                              | statement.bytes length
", STATEMENT_GIVEN, "
    ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1 | statement.key
    b30bc164396f82afc758fd5c3cdd0f1c893aa2ac1bc098a5ef3045f2e84e9deed2fc394f8767a39be1054fb101f7e8cef5ad75a3e81415c11870f2d3ef11d000 | statement.signature
    48                                | certificate.bytes length
", CONSENT_CERTIFICATE, "
    ff872d26e6c40aa33eb51f3106f980edc7f2749bc32ab2bd6ce42d3e6593bad08f83eca7b192cebf06eb5582fd51dbe439dca655912acd48982ad2e441dc6500 | certificate.signature
    67                                | acceptance.bytes length
", ACCEPTANCE, "
    ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c | acceptance.key
    de620b0246759129df29b14289e803241ab697a3e0598eb1ef73ecc121ba00f384da40cc5e8ba7fe28b4f3685357ef131e5adbe81b54c403e39705abdb759701 | acceptance.signature
    01                                | request some
    db03                              | request.bytes length
", REQUEST, "
    01                                | request.signature some
    d02be515cd3cc0f47c7ac43d1ec61059744754143a600d281d593108d8fa17427bac4b5778645551a95866784236cb9f1a0a35957c795d3b8fb72624e881e60f | request.signature
    19191919191919191919191919191919  | request.delivery_nonce
"];

pub(crate) const NOTICE_STATED: &[&str] = &["
    3a000000                          | length
    86                                | type NOTICE
    06                                | number
    05                                | event = Stated
    129c864b82a73c25b627ada83ba4030f  | event.grant
    01                                | event.number
    2249267ea403298f6d7ef16774e5636ce782c6adc7d5c3e0b823d5c9813fec61 | event.statement
    a8c9d9dfbf68                      | event.at
"];

pub(crate) const NOTICE_ERASED: &[&str] = &["
    33000000                          | length
    86                                | type NOTICE
    07                                | number
    06                                | event = Erased
    129c864b82a73c25b627ada83ba4030f  | event.grant
    69f9ccd227976f58fb313215b17854114b793ecd45f79de1528de3cae93d5eed | event.receipt
"];

pub(crate) const LOG_HEAD_FRAME: &[&str] = &["
    ac000000                          | length
    d0                                | type LOG_HEAD
    4a                                | bytes length
", LOG_HEAD, "
    ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c | key
    b48589a09aaad168fff974a1193f44138f4ba352f6bd3a3b5350d321edec2c7a7400898dd78d954aff3ae09cf45e92df73128ff19e7fec760af2eeeb6bbe2e0e | signature
"];

pub(crate) const LOG_LEAVES: &[&str] = &["
    44000000                          | length
    d1                                | type LOG_LEAVES
    ab02                              | first
    02                                | leaves count
    14024673a8d321057482e0732fadbcea38b6d6bc9c13b9e81db6a155b4441823 | leaves[0]
    4358a213d419c32435d8d583e2ad09575244000b74b842de4d0d1d01a3aeeff9 | leaves[1]
"];

pub(crate) const RECOVER: &[&str] = &["
    21000000                          | length
    40                                | type RECOVER
    c7d02ce331d268a19638b76c1bfcadf2e63738032885e129a9b988cfb2c47c0c | key
"];

pub(crate) const PROVE: &[&str] = &["
    41000000                          | length
    41                                | type PROVE
    a55517f5d3ac7c93b9c858d0eb86efedd079f70808912f8bc99544ef0a703c30312d5818256c15110bc0d668ec2a7b54cdf1b22ac2b17f6c2011e38a88f8fa05 | signature
"];

pub(crate) const REVOKE: &[&str] = &["
    da000000                          | length
    42                                | type REVOKE
    38                                | bytes length
", REVOCATION, "
    b137e8d4872315a7b85e9fc84add92eff1745cbf18b12e8a9b43e5e482f58d1d023ebef98c56ed2bc98dab21c588e1c64ac27834edf10f7c891530e3f4b79205 | owner
    c7d02ce331d268a19638b76c1bfcadf2e63738032885e129a9b988cfb2c47c0c | key
    81df2a31aac6a20e8f3d6f8d70bd86b4ec8cb76efc1743376b66e4450741a53a05c0252b70358ce0bd6dd54e1acaa93cdf6544811736ceef64bfb840b744b802 | signature
"];

pub(crate) const ESCROW: &[&str] = &["
    4f010000                          | length
    43                                | type ESCROW
    ec01                              | bytes length
", ESCROW_DOCUMENT, "
    8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c | key
    62d4a1daf4a261f45a1a831580103d8bfe47aa2115f71e4a54ad5835ffd744e270d461a58eaa22d007bbaf69582c9a82ce585b728f3972fe57d58d3e00e4ab09 | signature
"];

pub(crate) const CHALLENGE: &[&str] = &["
    21000000                          | length
    c0                                | type CHALLENGE
    1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c | nonce
"];

pub(crate) const RECOVERED: &[&str] = &["
    50010000                          | length
    c1                                | type RECOVERED
    ec01                              | escrow.bytes length
", ESCROW_DOCUMENT, "
    8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c | escrow.key
    62d4a1daf4a261f45a1a831580103d8bfe47aa2115f71e4a54ad5835ffd744e270d461a58eaa22d007bbaf69582c9a82ce585b728f3972fe57d58d3e00e4ab09 | escrow.signature
    01                                | revocation
"];

pub(crate) const REVOKED: &[&str] = &["
    02000000                          | length
    c2                                | type REVOKED
    02                                | number
"];

pub(crate) const ESCROW_KEPT: &[&str] = &["
    04000000                          | length
    c3                                | type ESCROW_KEPT
    ad02                              | number
    00                                | kept
"];

pub(crate) const REFUSED: &[&str] = &["
    02000000                          | length
    ff                                | type REFUSED
    05                                | refusal = Unavailable
"];

//! What a device says.

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

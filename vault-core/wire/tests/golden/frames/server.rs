//! What a server answers, and tells of itself.

use crate::documents::*;

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

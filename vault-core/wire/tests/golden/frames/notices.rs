//! What a server tells the owner of what happened: NOTICE, in each of its forms.

use crate::documents::*;

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

//! From a passphrase to a key (Argon2id version 0x13, RFC 9106), leaving nothing behind in memory.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use super::{KEY_BYTES, Key};
use crate::error::{Error, Fault};
use crate::kdf::KdfParams;
use crate::keys::Passphrase;

/// Stretches a passphrase. The caller has checked `params` against its limits.
pub(crate) fn stretch(passphrase: &Passphrase, salt: &[u8; 32], params: KdfParams) -> Result<Key, Error> {
    let KdfParams {
        memory_kib,
        passes,
        lanes,
    } = params;
    let refused = Error::KdfOutOfRange {
        memory_kib,
        passes,
        lanes,
    };
    let Ok(params) = Params::new(memory_kib, passes, lanes, Some(KEY_BYTES)) else {
        return Err(refused);
    };
    let mut memory = Zeroizing::new(Vec::new());
    let blocks = params.block_count();
    memory.try_reserve_exact(blocks).map_err(|_| out_of_memory())?;
    memory.resize(blocks, Block::new());
    let mut key = Key::zeroed();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(
            passphrase.as_bytes(),
            salt,
            key.as_mut_bytes(),
            memory.as_mut_slice(),
        )
        .map_err(|_| refused)?;
    Ok(key)
}

fn out_of_memory() -> Error {
    Fault::Io {
        kind: std::io::ErrorKind::OutOfMemory,
        code: None,
    }
    .into()
}

//! The `vault` command as an owner and their scripts meet it, without a network.

#[cfg(test)]
mod answering;
#[cfg(test)]
mod home;
#[cfg(test)]
mod importing;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod protecting;
#[cfg(test)]
mod recovering;

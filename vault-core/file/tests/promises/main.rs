//! What a sealed file promises, one module for each promise, through the public interface alone.

#[cfg(test)]
mod anchor;
#[cfg(test)]
mod checking;
#[cfg(test)]
mod child_process;
#[cfg(test)]
mod copies;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod every_byte;
#[cfg(test)]
mod failing_disk;
#[cfg(test)]
mod forge;
#[cfg(test)]
mod format;
#[cfg(test)]
mod format_journal;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod fuzzing;
#[cfg(test)]
mod header_fields;
#[cfg(test)]
mod header_power_cut;
#[cfg(test)]
mod history;
#[cfg(test)]
mod image;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod journal_at_rest;
#[cfg(test)]
mod journal_tampering;
#[cfg(test)]
mod key_slots;
#[cfg(test)]
mod key_store;
#[cfg(test)]
mod ledger;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod memory;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod page_damage;
#[cfg(test)]
mod places;
#[cfg(test)]
mod power_cut;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod process_memory;
#[cfg(test)]
mod put_back;
#[cfg(test)]
mod reading_and_writing;
#[cfg(test)]
mod redb_checksums;
#[cfg(test)]
mod remains;
#[cfg(test)]
mod rewriting;
#[cfg(test)]
mod secrecy;
#[cfg(test)]
mod simulated_disk;
#[cfg(test)]
mod size;
#[cfg(test)]
mod two_processes;

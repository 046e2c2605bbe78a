//! How the start of a cell fails.

use std::time::Duration;

use super::child::Death;
use super::wait::Waited;

/// How long a cell may take to start; a loaded machine needs a while.
pub(super) const TIME: Duration = Duration::from_secs(10);

/// What the steps of a start are, by the status with which it fails (`x86_64::stub`).
const STEPS: [&str; 9] = [
    "the host is gone",
    "the system's own pages cannot be unmapped",
    "shared memory cannot be mapped",
    "descriptors cannot be closed",
    "core files cannot be switched off",
    "there is no signal stack",
    "signals cannot be handled",
    "privileges cannot be given up",
    "system calls cannot be filtered",
];

/// Why a cell that was waited for did not start.
pub(super) fn failure(waited: &Waited) -> String {
    match waited {
        Waited::Died(Death::Exit(status)) => {
            let step = usize::try_from(status - 1).ok().and_then(|step| STEPS.get(step));
            step.map_or_else(|| format!("exit status {status}"), |&step| step.to_owned())
        }
        Waited::Died(death) => format!("{death:?}"),
        Waited::TimedOut => format!("nothing was heard of it for {TIME:?}"),
        Waited::Turn | Waited::Corrupt => "it does not follow the protocol".to_owned(),
    }
}

//! The process of a cell, as the system sees it: started, watched, killed.

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

/// A process that runs, killed and reaped on drop.
#[derive(Debug)]
pub(super) struct Child {
    pid: libc::pid_t,
    pidfd: OwnedFd,
    /// The system process that started it: a fork inherits descriptors, not children.
    owner: u32,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// A signal killed it.
    Signal(i32),
    /// It ended itself, which only a start that failed does.
    Exit(i32),
    /// Somebody else was told.
    Unknown,
}

impl Child {
    /// Starts the program in a file. It inherits `files`, under their numbers, and no
    /// other descriptor that is marked to be closed.
    pub(super) fn start(program: BorrowedFd<'_>, files: &[BorrowedFd<'_>]) -> io::Result<Child> {
        let path = format!("/proc/self/fd/{}", program.as_raw_fd());
        let path = CString::new(path).map_err(io::Error::other)?;
        let actions = Actions::inherit(files)?;
        let attributes = Attributes::of_a_cell()?;
        let argv = [c"fencepost-cell".as_ptr().cast_mut(), ptr::null_mut()];
        let envp = [ptr::null_mut()];
        let mut pid = 0;
        // SAFETY: every pointer is valid during the call, the two arrays end with null.
        let result = unsafe {
            libc::posix_spawn(
                &raw mut pid,
                path.as_ptr(),
                &raw const actions.0,
                &raw const attributes.0,
                argv.as_ptr(),
                envp.as_ptr(),
            )
        };
        check(result)?;
        let pidfd = pidfd(pid).inspect_err(|_| end(pid))?;
        Ok(Child { pid, pidfd, owner: std::process::id() })
    }

    #[cfg(test)]
    pub(super) fn pid(&self) -> libc::pid_t {
        self.pid
    }

    /// Whether this process started it.
    pub(super) fn is_ours(&self) -> bool {
        self.owner == std::process::id()
    }

    /// How it ended, if it has. After that it is reaped.
    pub(super) fn death(&self) -> Option<Death> {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        let id = self.pidfd.as_raw_fd().unsigned_abs();
        let flags = libc::WEXITED | libc::WNOHANG;
        // SAFETY: `info` has room for what the call writes.
        let result = unsafe { libc::waitid(libc::P_PIDFD, id, info.as_mut_ptr(), flags) };
        if result != 0 {
            return Some(Death::Unknown);
        }
        // SAFETY: zeroes are a valid `siginfo_t`, and so is what the system wrote.
        let info = unsafe { info.assume_init() };
        // SAFETY: after `waitid` the field is valid; 0 says that nothing has ended.
        if unsafe { info.si_pid() } == 0 {
            return None;
        }
        // SAFETY: after `waitid` of a process that has ended the field is valid.
        let status = unsafe { info.si_status() };
        Some(if info.si_code == libc::CLD_EXITED {
            Death::Exit(status)
        } else {
            Death::Signal(status)
        })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.is_ours() {
            return;
        }
        // Once reaped, its id may be another's.
        if self.death().is_none() {
            end(self.pid);
        }
    }
}

/// Kills and reaps a child of this process that is not reaped. Neither needs the descriptor
/// of the process, which some systems do not give or take no signal for.
fn end(pid: libc::pid_t) {
    // SAFETY: the id is the child's until it is reaped.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    // SAFETY: as above; where nothing is asked for, nothing is written.
    unsafe { libc::waitpid(pid, ptr::null_mut(), 0) };
}

fn pidfd(pid: libc::pid_t) -> io::Result<OwnedFd> {
    // SAFETY: plain system call; the process is ours and not reaped, so the id is its.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = i32::try_from(fd).map_err(io::Error::other)?;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just opened and has no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// What happens to descriptors between fork and exec.
struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn inherit(files: &[BorrowedFd<'_>]) -> io::Result<Actions> {
        let mut raw = MaybeUninit::zeroed();
        // SAFETY: initialises what is owned here.
        check(unsafe { libc::posix_spawn_file_actions_init(raw.as_mut_ptr()) })?;
        // SAFETY: initialised just now.
        let mut actions = Actions(unsafe { raw.assume_init() });
        for file in files {
            let fd = file.as_fd().as_raw_fd();
            // SAFETY: the actions are initialised. To duplicate a descriptor onto itself
            // means to keep it open.
            check(unsafe { libc::posix_spawn_file_actions_adddup2(&raw mut actions.0, fd, fd) })?;
        }
        Ok(actions)
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised in `inherit`, and given up here.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

/// Attributes of a new process.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    /// No blocked and no handled signals, and a process group of its own, so that what
    /// a terminal sends to the host does not kill it.
    fn of_a_cell() -> io::Result<Attributes> {
        let mut raw = MaybeUninit::zeroed();
        // SAFETY: initialises what is owned here.
        check(unsafe { libc::posix_spawnattr_init(raw.as_mut_ptr()) })?;
        // SAFETY: initialised just now.
        let mut attributes = Attributes(unsafe { raw.assume_init() });
        let this = &raw mut attributes.0;
        let (none, all) = signal_sets();
        // SAFETY: the attributes are initialised, the set is valid.
        check(unsafe { libc::posix_spawnattr_setsigmask(this, &raw const none) })?;
        // SAFETY: as above.
        check(unsafe { libc::posix_spawnattr_setsigdefault(this, &raw const all) })?;
        let flags = libc::POSIX_SPAWN_SETSIGMASK
            | libc::POSIX_SPAWN_SETSIGDEF
            | libc::POSIX_SPAWN_SETPGROUP;
        let flags = libc::c_short::try_from(flags).map_err(io::Error::other)?;
        // SAFETY: the attributes are initialised.
        check(unsafe { libc::posix_spawnattr_setflags(this, flags) })?;
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised in `of_a_cell`, and given up here.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

/// The empty set of signals and the full one.
fn signal_sets() -> (libc::sigset_t, libc::sigset_t) {
    let mut none = MaybeUninit::zeroed();
    let mut all = MaybeUninit::zeroed();
    // SAFETY: initialises a set that is owned here.
    unsafe { libc::sigemptyset(none.as_mut_ptr()) };
    // SAFETY: initialises a set that is owned here.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: initialised just now.
    let none = unsafe { none.assume_init() };
    // SAFETY: initialised just now.
    let all = unsafe { all.assume_init() };
    (none, all)
}

fn check(error: libc::c_int) -> io::Result<()> {
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

//! The cell by itself: a start, and what a process consists of after it.

use super::*;

#[test]
fn nothing_is_mapped_but_the_cells_own_pages_and_its_memories() {
    let file = MemoryFile::new(c"fencepost-test", PAGE).expect("a file");
    let address = 0x1234_5678_9000;
    let protection = Protection::Read;
    let memory = Memory { address, len: 2 * PAGE, protection, file: file.as_fd() };
    let mut cell = Cell::new(&[memory]).expect("a cell");
    cell.ensure_started().expect("a start");
    let pid = cell.pid().expect("it runs");
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("a map");
    let found: Vec<(u64, u64, &str)> = maps.lines().map(range).collect();
    let page = PAGE as u64;
    let stack_end = plan::SIGNAL_STACK + plan::SIGNAL_STACK_LEN as u64;
    let expected = [
        (address, address + 2 * page, "r--s"),
        (x86_64::IMAGE, EXCHANGE, "r-xp"),
        (EXCHANGE, EXCHANGE + page, "rw-s"),
        (plan::SIGNAL_STACK, stack_end, "rw-p"),
    ];
    // The page of a system call interface from before the filter cannot be unmapped.
    let found: Vec<_> = found.into_iter().filter(|range| range.0 < 1 << 63).collect();
    assert_eq!(found, expected, "{maps}");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert!(status.contains(line), "{status}");
    }
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).expect("a name");
    assert_eq!(name, "fencepost-cell\n");
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("a folder").count();
    assert_eq!(open, 0);
}

fn range(line: &str) -> (u64, u64, &str) {
    let (start, rest) = line.split_once('-').expect("a range");
    let mut words = rest.split(' ');
    let number = |text| u64::from_str_radix(text, 16).expect("an address");
    let end = number(words.next().expect("a range"));
    (number(start), end, words.next().expect("permissions"))
}

#[test]
fn a_killed_cell_starts_again() {
    let mut cell = Cell::new(&[]).expect("a cell");
    for starts in 1..4 {
        cell.ensure_started().expect("a start");
        cell.ensure_started().expect("it runs");
        assert_eq!(cell.starts(), starts);
        cell.kill();
        assert_eq!(cell.pid(), None);
    }
}

#[test]
fn a_cell_that_ended_without_a_call_is_replaced() {
    let mut cell = Cell::new(&[]).expect("a cell");
    cell.revive().expect("a start");
    let pid = cell.pid().expect("it runs");
    // SAFETY: a signal to a child of this process.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    let (id, flags) = (pid.unsigned_abs(), libc::WEXITED | libc::WNOWAIT);
    // SAFETY: plain system call, which writes nothing and leaves the child to be reaped.
    let ended = unsafe { libc::waitid(libc::P_PID, id, std::ptr::null_mut(), flags) };
    assert_eq!(ended, 0, "{}", io::Error::last_os_error());
    cell.revive().expect("another start");
    assert_eq!(cell.starts(), 2);
    cell.revive().expect("it runs");
    assert_eq!(cell.starts(), 2);
}

#[test]
fn a_plan_that_cannot_be_carried_out_says_which_step_failed() {
    let file = MemoryFile::new(c"fencepost-test", PAGE).expect("a file");
    let address = x86_64::ADDRESS_END;
    let protection = Protection::Read;
    let memory = Memory { address, len: PAGE, protection, file: file.as_fd() };
    let mut cell = Cell::new(&[memory]).expect("a cell");
    let error = cell.ensure_started().expect_err("no such address");
    assert_eq!(error.to_string(), "the cell did not start: shared memory cannot be mapped");
}

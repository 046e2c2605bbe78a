//! Code that tries to get out of its cell: all of it fails, is reported for what it is,
//! and the next call runs unharmed.
//!
//! The attackers are machine code written by hand, as no compiler would emit it. They
//! know every address there is, which is more than a broken backend would.

use std::arch::global_asm;

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{AbiParam, ArgumentPurpose, Signature};
use cranelift_codegen::isa::CallConv;

use super::*;
use crate::cell;
use crate::executor::{Access, Escape};

/// Assembles an attacker: a function of two words, `rdi` and `rsi`, and the base, `rdx`.
macro_rules! attacker {
    ($name:ident, $begin:ident, $end:ident, $($line:literal),+) => {
        global_asm!(
            ".pushsection .rodata.fencepost_attackers, \"a\", @progbits",
            concat!(".globl ", stringify!($begin)),
            concat!(".hidden ", stringify!($begin)),
            concat!(stringify!($begin), ":"),
            $($line,)+
            concat!(".globl ", stringify!($end)),
            concat!(".hidden ", stringify!($end)),
            concat!(stringify!($end), ":"),
            ".popsection",
        );

        fn $name() -> &'static [u8] {
            unsafe extern "C" {
                static $begin: u8;
                static $end: u8;
            }
            let len = &raw const $end as usize - &raw const $begin as usize;
            // SAFETY: the labels delimit read-only data of this program.
            unsafe { std::slice::from_raw_parts(&raw const $begin, len) }
        }
    };
}

attacker!(read, fencepost_attack_read, fencepost_attack_read_end, "mov rax, [rdi]", "ret");
attacker!(
    write,
    fencepost_attack_write,
    fencepost_attack_write_end,
    "mov [rdi], rsi",
    "mov rax, rsi",
    "ret"
);
attacker!(jump, fencepost_attack_jump, fencepost_attack_jump_end, "mov eax, 39", "jmp rdi");
attacker!(
    call_system,
    fencepost_attack_system,
    fencepost_attack_system_end,
    "mov rax, rdi",
    "mov rdi, rsi",
    "xor esi, esi",
    "xor edx, edx",
    "xor r10d, r10d",
    "syscall",
    "ret"
);
attacker!(
    call_old_system,
    fencepost_attack_old,
    fencepost_attack_old_end,
    "mov eax, 20",
    "int 0x80",
    "ret"
);
attacker!(spin, fencepost_attack_spin, fencepost_attack_spin_end, "2:", "jmp 2b");
attacker!(
    recurse,
    fencepost_attack_recurse,
    fencepost_attack_recurse_end,
    "2:",
    "push rax",
    "jmp 2b"
);
attacker!(
    use_stack,
    fencepost_attack_stack,
    fencepost_attack_stack_end,
    "mov rsp, rdi",
    "mov rax, [rsi]",
    "ret"
);
attacker!(
    fill,
    fencepost_attack_fill,
    fencepost_attack_fill_end,
    "mov ecx, 4096",
    "mov al, 0xa5",
    "rep stosb",
    "2:",
    "jmp 2b"
);
attacker!(
    misalign,
    fencepost_attack_misalign,
    fencepost_attack_misalign_end,
    "movaps xmm0, [rdi + 1]",
    "ret"
);

/// An executor in a cell, with a harmless function at entry 1.
fn bench() -> Bench {
    let mut bench = Bench::new(JitConfig { native: Native::Cell, ..JitConfig::default() });
    bench.load_blob(read());
    bench
}

impl Bench {
    /// Loads code that no compiler made; its entry is the next one of the table.
    fn load_blob(&mut self, code: &[u8]) -> u32 {
        let mut signature = Signature::new(CallConv::SystemV);
        signature.params = vec![AbiParam::new(I64); 2];
        signature.params.push(AbiParam::special(I64, ArgumentPurpose::VMContext));
        signature.returns = vec![AbiParam::new(I64)];
        self.jit.load_code(code, signature.clone()).expect("room");
        let program = u32::try_from(self.jit.programs.len() - 1).expect("few programs");
        let id = self.table.intern(&signature);
        let target = Target::Function { program, function: FuncId(0) };
        self.table.push(target, id).expect("room").0
    }

    /// Calls attacker `code`, and then the harmless function.
    fn attack(&mut self, code: u32, args: [u64; 2]) -> Result<Vec<Slot>, Stop> {
        let limits = Limits { deadline: Duration::from_millis(500), ..LIMITS };
        let args = args.map(Slot::from);
        let ended = self.jit.call(&self.table, &mut NoServices, CodeIndex(code), &args, limits);
        let inside = self.jit.cage().base() + u64::from(NULL_PAGE);
        self.jit.arena().store_u32(NULL_PAGE, 0x600d).expect("inside");
        let harmless = self.call(1, &[inside.into(), 0]);
        assert_eq!(harmless, Ok(vec![0x600d]), "after {ended:?}");
        ended
    }

    fn escapes(&mut self, code: u32, args: [u64; 2]) -> Escape {
        match self.attack(code, args) {
            Err(Stop::Escape(escape)) => *escape,
            other => panic!("expected an escape with {args:x?}, got {other:?}"),
        }
    }

    fn relative(&self, address: u64) -> i128 {
        i128::from(address) - i128::from(self.jit.cage().base())
    }
}

#[test]
fn memory_of_the_host_is_not_there() {
    let mut bench = bench();
    let store = bench.load_blob(write());
    let secret = Box::new(0x5ec_u64);
    let on_heap = &raw const *secret as u64;
    let on_stack = &raw const bench as u64;
    let code = read as fn() -> &'static [u8] as usize as u64;
    for address in [on_heap, on_stack, code, 0, 0x10_0000, 1 << 46] {
        let escape = bench.escapes(1, [address, 0]);
        assert_eq!((escape.access, escape.offset), (Access::Read, bench.relative(address)));
        let escape = bench.escapes(store, [address, 7]);
        assert_eq!((escape.access, escape.offset), (Access::Write, bench.relative(address)));
    }
    assert_eq!(*secret, 0x5ec);
}

#[test]
fn addresses_that_the_system_does_not_tell_are_recomputed() {
    let mut bench = bench();
    let address = 0x4141_4141_4141_4141;
    assert_eq!(bench.escapes(1, [address, 0]).offset, bench.relative(address));
    let vector = bench.load_blob(misalign());
    let inside = bench.jit.cage().base() + u64::from(NULL_PAGE);
    // In reach and misaligned: contained, whatever the processor says.
    let stop = bench.attack(vector, [inside, 0]);
    let Err(Stop::Trap(report)) = stop else { panic!("expected a trap, got {stop:?}") };
    assert_eq!(report.trap, Trap::ArenaOutOfBounds);
}

/// The calls of the kernel's own probes (`uretprobe`, `uprobe`). Recent kernels let them
/// past every filter and refuse them themselves, with a signal and with `ENXIO`, unless
/// they come from a page that only the kernel maps.
const PROBES: [u64; 2] = [335, 336];

#[test]
fn no_system_call_is_made() {
    let mut bench = bench();
    let system = bench.load_blob(call_system());
    for number in (0..480).filter(|number| !PROBES.contains(number)) {
        let escape = bench.escapes(system, [number, 0]);
        assert_eq!(escape.access, Access::Execute, "system call {number}");
        assert_eq!(escape.disassembly, "syscall", "system call {number}");
    }
    for number in PROBES {
        match bench.attack(system, [number, 0]) {
            Err(Stop::Escape(_)) => {}
            Ok(results) => assert_eq!(results, [Slot::from(u64::MAX - 5)], "not ENXIO"),
            other => panic!("system call {number}: {other:?}"),
        }
    }
    // Numbers of the interface with 32-bit pointers.
    assert_eq!(bench.escapes(system, [0x4000_0000 + 39, 0]).disassembly, "syscall");
    let old = bench.load_blob(call_old_system());
    assert_eq!(bench.escapes(old, [0, 0]).access, Access::Execute);
}

#[test]
fn the_stubs_system_call_is_of_no_use() {
    let mut bench = bench();
    let leap = bench.load_blob(jump());
    let stub = cell::own_pages();
    let mut tried = 0;
    for address in cell::system_calls() {
        assert!(stub.contains(&address));
        let escape = bench.escapes(leap, [address, 0]);
        assert_eq!(escape.access, Access::Execute, "{address:#x}");
        tried += 1;
    }
    assert!(tried > 10, "{tried} system calls in the stub");
}

#[test]
fn a_jump_to_where_the_c_library_was_faults_there() {
    let mut bench = bench();
    let leap = bench.load_blob(jump());
    let address = libc::getpid as *const () as u64;
    let escape = bench.escapes(leap, [address, 0]);
    assert_eq!((escape.access, escape.offset), (Access::Execute, bench.relative(address)));
}

#[test]
fn code_and_code_table_cannot_be_written() {
    let mut bench = bench();
    let store = bench.load_blob(write());
    let code = bench.jit.process().code_addresses().start;
    let table = bench.jit.process().table.address();
    for address in [code, table, cell::own_pages().start] {
        let escape = bench.escapes(store, [address, 7]);
        assert_eq!((escape.access, escape.offset), (Access::Write, bench.relative(address)));
    }
}

#[test]
fn the_end_of_the_stack_is_the_end() {
    let mut bench = bench();
    let recurse = bench.load_blob(recurse());
    let stop = bench.attack(recurse, [0, 0]);
    let Err(Stop::Trap(report)) = stop else { panic!("expected a trap, got {stop:?}") };
    assert_eq!(report.trap, Trap::StackOverflow);
}

#[test]
fn a_stack_elsewhere_does_not_hide_a_fault() {
    let mut bench = bench();
    let attacker = bench.load_blob(use_stack());
    let end = cell::own_pages().end;
    // In the signal stack: with room for a signal frame, with too little, and at its end.
    for stack in [end - 8, end - (60 << 10), end, bench.jit.cage().base() + (1 << 16), 0, 1 << 63] {
        bench.escapes(attacker, [stack, 8]);
    }
}

#[test]
fn a_loop_without_end_is_stopped() {
    let mut bench = bench();
    let spin = bench.load_blob(spin());
    assert_eq!(bench.attack(spin, [0, 0]), Err(Stop::trap(Trap::Interrupt)));
}

#[test]
fn an_overwritten_exchange_page_is_noticed() {
    let mut bench = bench();
    let fill = bench.load_blob(fill());
    let address = cell::exchange_address();
    let escape = bench.escapes(fill, [address, 0]);
    assert_eq!((escape.access, escape.offset), (Access::Write, bench.relative(address)));
    // The control block: guest code may write there, so the next call sets it up anew.
    let control = bench.jit.process().control_address();
    assert_eq!(bench.attack(fill, [control, 0]), Err(Stop::trap(Trap::Interrupt)));
}

#[test]
fn a_cell_that_is_killed_from_outside_is_a_finding_and_starts_again() {
    let mut bench = bench();
    let spin = bench.load_blob(spin());
    for _ in 0..3 {
        bench
            .call(1, &[u128::from(bench.jit.cage().base()) + u128::from(NULL_PAGE), 0])
            .expect("inside");
        let pid = bench.jit.process().cell_pid().expect("it runs");
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            // SAFETY: a signal to a child of this process.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        });
        let stop = bench.attack(spin, [0, 0]);
        killer.join().expect("a signal");
        assert!(
            matches!(&stop, Err(Stop::RuntimeFault(what)) if what.contains("cell")),
            "{stop:?}"
        );
    }
}

/// Waits until a process has ended, which its parent has not asked about yet.
fn await_end(pid: i32) {
    let ended = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_none_or(|(_, rest)| rest.starts_with(" Z"))
    };
    let start = std::time::Instant::now();
    while !ended() {
        assert!(start.elapsed() < Duration::from_secs(10), "process {pid} does not end");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_cell_that_ends_between_two_runs_is_replaced() {
    let inside = |bench: &Bench| u128::from(bench.jit.cage().base()) + u128::from(NULL_PAGE);
    let mut first = bench();
    let args = [inside(&first), 0];
    first.call(1, &args).expect("inside");
    let pid = first.jit.process().cell_pid().expect("it runs");
    // SAFETY: a signal to a child of this process.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    await_end(pid);
    drop(first);
    let mut second = bench();
    let args = [inside(&second), 0];
    second.call(1, &args).expect("inside");
    assert_ne!(second.jit.process().cell_pid().expect("it runs"), pid);
}

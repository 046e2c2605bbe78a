//! What code leaves behind in its cell: flags, modes and registers of the processor, and
//! a cell that says it has ended its call while it has not. Nothing of it reaches the
//! next call.

use std::arch::global_asm;

use super::attackers::*;
use super::*;
use crate::cell;

// Sets every mode that user code can set and returns as if nothing had been: alignment
// checks, direction, nested task; all floating-point exceptions, another rounding, and
// denormals as zero; registers full of what the caller says.
attacker!(
    disarrange,
    fencepost_attack_modes,
    fencepost_attack_modes_end,
    "mov dword ptr [rsp - 8], 0xe040",
    "ldmxcsr [rsp - 8]",
    "mov word ptr [rsp - 8], 0x0c40",
    "fldcw [rsp - 8]",
    "fld1",
    "wrfsbase rdi",
    "movq xmm7, rdi",
    "movq xmm15, rdi",
    "mov r9, rdi",
    "mov r11, rdi",
    "pushfq",
    "or dword ptr [rsp], 0x44400",
    "popfq",
    "mov rax, rdi",
    "ret"
);
// The modes, in one word: of floating-point numbers, of the old unit, and flags.
attacker!(
    modes,
    fencepost_attack_probe,
    fencepost_attack_probe_end,
    "stmxcsr [rsp - 24]",
    "fnstcw [rsp - 16]",
    "pushfq",
    "pop rax",
    "and eax, 0x44d00",
    "shl rax, 40",
    "movzx ecx, word ptr [rsp - 16]",
    "shl rcx, 32",
    "or rax, rcx",
    "mov ecx, dword ptr [rsp - 24]",
    "or rax, rcx",
    "ret"
);
// All registers that nobody gave a value, in one word.
attacker!(
    registers,
    fencepost_attack_registers,
    fencepost_attack_registers_end,
    "mov rax, r9",
    "or rax, r11",
    "movq rcx, xmm7",
    "or rax, rcx",
    "movq rcx, xmm15",
    "or rax, rcx",
    "ret"
);
// A vector load from wherever it likes: what alignment checks would refuse.
attacker!(
    load_askew,
    fencepost_attack_askew,
    fencepost_attack_askew_end,
    "mov rax, [rdi + 3]",
    "ret"
);
// Says that its call has returned, by the words at `rdi` and `rsi`, and goes on writing to
// the arena.
attacker!(
    lie,
    fencepost_attack_lie,
    fencepost_attack_lie_end,
    "mov dword ptr [rdi], 2",
    "mov dword ptr [rsi], 2",
    "2:",
    "mov [rdx + 0x10000], rsi",
    "jmp 2b"
);

#[test]
fn modes_of_the_processor_end_with_their_call() {
    let mut bench = bench();
    let [disarrange, modes, askew] =
        [disarrange(), modes(), load_askew()].map(|code| bench.load_blob(code));
    let fresh = bench.attack(modes, [0, 0]).expect("it returns");
    // All exceptions masked, to nearest; the old unit as reset; no flag set.
    assert_eq!(fresh, [Slot::from(0x037f_0000_1f80_u64)]);
    assert_eq!(bench.attack(disarrange, [7, 0]), Ok(vec![7]));
    bench.call(disarrange, &[7, 0]).expect("it returns");
    assert_eq!(bench.call(modes, &[0, 0]), Ok(fresh));
    bench.call(disarrange, &[7, 0]).expect("it returns");
    let inside = Slot::from(bench.jit.base() + u64::from(NULL_PAGE));
    bench.call(askew, &[inside, 0]).expect("alignment is not checked");
}

#[test]
fn a_call_does_not_find_what_another_left_in_registers() {
    let mut bench = bench();
    let [disarrange, registers] = [disarrange(), registers()].map(|code| bench.load_blob(code));
    let secret = Slot::from(0x5ec0_5ec0_u64);
    bench.call(disarrange, &[secret, 0]).expect("it returns");
    let found = bench.call(registers, &[0, 0]).expect("it returns");
    assert_eq!(found, [0]);
}

#[test]
fn a_call_that_lies_about_its_end_does_not_reach_the_next_case() {
    let mut bench = bench();
    let lie = bench.load_blob(lie());
    let limits = Limits { deadline: Duration::from_millis(500), ..LIMITS };
    let args = cell::words_of_a_return().map(Slot::from);
    let ended = bench.jit.call(&bench.table, &mut NoServices, CodeIndex(lie), &args, limits);
    ended.expect("nothing tells it from a return");
    let liar = bench.jit.process().cell_pid().expect("it runs");
    drop(bench);
    let mut next = super::attackers::bench();
    assert_ne!(next.jit.process().cell_pid().expect("it runs"), liar);
    let inside = next.jit.base() + u64::from(NULL_PAGE);
    next.jit.arena().store_u32(NULL_PAGE, 0x600d).expect("inside");
    assert_eq!(next.call(1, &[inside.into(), 0]), Ok(vec![0x600d]));
}

#[test]
fn an_honest_cell_is_kept_for_the_next_case() {
    let mut pids = Vec::new();
    for _ in 0..5 {
        let mut bench = bench();
        let inside = bench.jit.base() + u64::from(NULL_PAGE);
        bench.call(1, &[inside.into(), 0]).expect("inside");
        pids.push(bench.jit.process().cell_pid().expect("it runs"));
    }
    pids.dedup();
    assert_eq!(pids.len(), 1, "{pids:?}");
}

#[test]
fn a_cell_that_is_stopped_from_outside_runs_out_of_time() {
    let mut bench = bench();
    let spin = bench.load_blob(spin());
    let pid = bench.jit.process().cell_pid().expect("it runs");
    // SAFETY: a signal to a child of this process.
    unsafe { libc::kill(pid, libc::SIGSTOP) };
    assert_eq!(bench.outlast(spin, [0, 0]), Err(Stop::trap(Trap::Interrupt)));
    assert_ne!(bench.jit.process().cell_pid().expect("it runs"), pid);
}

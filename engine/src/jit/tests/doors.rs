//! The less known ways out of a process: other system call interfaces, the page that
//! cannot be unmapped, segments, the one call that the filter allows, and the words
//! through which a cell and its host take turns.

use std::arch::global_asm;

use super::attackers::*;
use super::*;
use crate::cell;
use crate::executor::Access;

attacker!(enter, fencepost_attack_enter, fencepost_attack_enter_end, "mov eax, 20", "sysenter");
// To the 32-bit code segment of the kernel's table, at the address in `rdi`: a far return of
// 64 bits.
attacker!(
    jump_far,
    fencepost_attack_far,
    fencepost_attack_far_end,
    "push 0x23",
    "push rdi",
    ".byte 0x48, 0xcb"
);
attacker!(
    move_segment,
    fencepost_attack_segment,
    fencepost_attack_segment_end,
    "wrfsbase rdi",
    "mov rax, fs:[rsi]",
    "ret"
);
// Word `rdi`, operation `rsi`, and the value that a new process finds there.
attacker!(
    wait_for,
    fencepost_attack_futex,
    fencepost_attack_futex_end,
    "mov edx, 1",
    "xor r10d, r10d",
    "mov r8, rdi",
    "xor r9d, r9d",
    "mov eax, 202",
    "syscall",
    "ret"
);
attacker!(call_through, fencepost_attack_through, fencepost_attack_through_end, "call rdi", "ret");
// Asks for service `rsi`, from a frame in `rdx`, with arguments there.
attacker!(
    ask,
    fencepost_attack_ask,
    fencepost_attack_ask_end,
    "mov rax, rdi",
    "mov rbp, rsi",
    "mov rdx, rsi",
    "jmp rax"
);
attacker!(leap_in_code, fencepost_attack_leap, fencepost_attack_leap_end, "push rdi", "ret");

/// The page of the system call interface from before there was one.
const OLD_PAGE: u64 = 0xffff_ffff_ff60_0000;

#[test]
fn the_page_that_cannot_be_unmapped_is_of_no_use() {
    let mut bench = bench();
    let call = bench.load_blob(call_through());
    for function in [0, 0x400, 0x800, 0x10] {
        let escape = bench.escapes(call, [OLD_PAGE + function, 0]);
        assert_eq!(escape.access, Access::Execute, "{function:#x}");
    }
    let escape = bench.escapes(1, [OLD_PAGE, 0]);
    assert_eq!((escape.access, escape.offset), (Access::Read, bench.relative(OLD_PAGE)));
}

#[test]
fn other_ways_into_the_system_are_closed() {
    let mut bench = bench();
    let enter = bench.load_blob(enter());
    assert_eq!(bench.escapes(enter, [0, 0]).access, Access::Execute);
    let far = bench.load_blob(jump_far());
    let escape = bench.escapes(far, [0x1000, 0]);
    assert_eq!((escape.access, escape.offset), (Access::Execute, bench.relative(0x1000)));
}

#[test]
fn a_moved_segment_leads_nowhere_else() {
    let mut bench = bench();
    let segment = bench.load_blob(move_segment());
    let address = &raw const bench as u64;
    for start in [address - 0x100, address + 0x100] {
        let escape = bench.escapes(segment, [start, address.wrapping_sub(start)]);
        assert_eq!((escape.access, escape.offset), (Access::Read, bench.relative(address)));
    }
    // Nothing of it is left for the next call, nor counts what the processor does not tell.
    let escape = bench.escapes(segment, [1 << 62, 8]);
    assert_eq!(escape.access, Access::Execute);
}

#[test]
fn a_jump_to_an_address_that_cannot_be_is_blamed_on_the_address() {
    let mut bench = bench();
    let address = 0x4141_4141_4141_4141;
    for code in [jump(), call_through(), leap_in_code()] {
        let code = bench.load_blob(code);
        let escape = bench.escapes(code, [address, 0]);
        assert_eq!((escape.access, escape.offset), (Access::Execute, bench.relative(address)));
    }
    let store = bench.load_blob(write());
    let escape = bench.escapes(store, [address, 0]);
    assert_eq!((escape.access, escape.offset), (Access::Write, bench.relative(address)));
}

#[test]
fn only_waiting_and_waking_on_the_turn_is_allowed() {
    let mut bench = bench();
    let futex = bench.load_blob(wait_for());
    let turn = cell::exchange_address();
    let flags = [0, libc::FUTEX_PRIVATE_FLAG, libc::FUTEX_CLOCK_REALTIME].map(i32::unsigned_abs);
    for operation in (0..16).chain([u32::MAX >> 1]) {
        for operation in flags.map(|flag| u64::from(operation | flag)) {
            if operation <= 1 {
                continue;
            }
            let escape = bench.escapes(futex, [turn, operation]);
            assert_eq!(escape.disassembly, "syscall", "operation {operation}");
        }
    }
    let elsewhere = [turn + 4, turn + (1 << 32), bench.jit.process().control_address(), 0];
    for (address, operation) in
        elsewhere.into_iter().flat_map(|address| [(address, 0), (address, 1)])
    {
        let escape = bench.escapes(futex, [address, operation]);
        assert_eq!(escape.disassembly, "syscall", "word {address:#x}");
    }
    // Whoever waits for its own turn waits until its time is up; nobody sleeps to be woken.
    assert_eq!(bench.outlast(futex, [turn, 0]), Err(Stop::trap(Trap::Interrupt)));
    // The host may be asleep there.
    let woken = bench.attack(futex, [turn, 1]);
    assert!(matches!(woken.as_deref(), Ok([0 | 1])), "{woken:?}");
}

#[test]
fn a_service_that_does_not_exist_is_not_given() {
    let mut bench = bench();
    let ask = bench.load_blob(ask());
    for number in [1 << 20, u64::from(u32::MAX), u64::MAX] {
        let escape = bench.escapes(ask, [cell::serve_address(), number]);
        assert_eq!(escape.access, Access::Write, "service {number:#x}");
    }
}

//! Attackers: machine code written by hand, as no compiler would emit it.
//!
//! They know every address there is, which is more than a broken backend would. Each is
//! loaded like a compiled function and called like one, and after each attack a harmless
//! function runs in the same executor: it must come to what it always comes to.

use std::arch::global_asm;

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{AbiParam, ArgumentPurpose, Signature};
use cranelift_codegen::isa::CallConv;

use super::*;
use crate::executor::Escape;

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

        pub(super) fn $name() -> &'static [u8] {
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

pub(super) use attacker;

/// An executor in a cell, with a harmless function at entry 1.
pub(super) fn bench() -> Bench {
    let mut bench = Bench::new(JitConfig { native: Native::Cell, ..JitConfig::default() });
    bench.load_blob(read());
    bench
}

impl Bench {
    /// Loads code that no compiler made; its entry is the next one of the table.
    pub(super) fn load_blob(&mut self, code: &[u8]) -> u32 {
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
    pub(super) fn attack(&mut self, code: u32, args: [u64; 2]) -> Result<Vec<Slot>, Stop> {
        self.attack_for(LIMITS.deadline, code, args)
    }

    /// The same for an attacker that does not end by itself.
    pub(super) fn outlast(&mut self, code: u32, args: [u64; 2]) -> Result<Vec<Slot>, Stop> {
        self.attack_for(Duration::from_millis(500), code, args)
    }

    fn attack_for(
        &mut self,
        deadline: Duration,
        code: u32,
        args: [u64; 2],
    ) -> Result<Vec<Slot>, Stop> {
        let limits = Limits { deadline, ..LIMITS };
        let args = args.map(Slot::from);
        let ended = self.jit.call(&self.table, &mut NoServices, CodeIndex(code), &args, limits);
        let inside = self.jit.cage().base() + u64::from(NULL_PAGE);
        self.jit.arena().store_u32(NULL_PAGE, 0x600d).expect("inside");
        let harmless = self.call(1, &[inside.into(), 0]);
        assert_eq!(harmless, Ok(vec![0x600d]), "after {ended:?}");
        ended
    }

    pub(super) fn escapes(&mut self, code: u32, args: [u64; 2]) -> Escape {
        match self.attack(code, args) {
            Err(Stop::Escape(escape)) => *escape,
            other => panic!("expected an escape with {args:x?}, got {other:?}"),
        }
    }

    pub(super) fn relative(&self, address: u64) -> i128 {
        i128::from(address) - i128::from(self.jit.cage().base())
    }
}

//! What the passes promise of every prepared program.

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::types::{F32, F64, I8X16, I32, I64, I128};
use cranelift_codegen::ir::{AbiParam, Function, InstBuilder as _, Signature, Type};
use cranelift_codegen::isa::{self, CallConv, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable as _};
use cranelift_codegen::{Context, cursor::Cursor as _, cursor::FuncCursor};
use engine::passes::{Mode, PassError, Prepared, Refusal, prepare, return_area, verify};
use engine::program::{FuncId, Program};
use engine::site::{Site, SiteId, SiteKind};

fn program(text: &str) -> Program {
    let empty = wat::parse_str("(module)").expect("a module");
    let mut program = engine::frontend::translate(&empty).expect("a program");
    program.functions = cranelift_reader::parse_functions(text).expect("CLIF");
    program
}

fn prepared(text: &str, mode: Mode) -> Prepared {
    prepare(&program(text), mode).expect("a supported program")
}

fn refusal(text: &str, mode: Mode) -> Option<Refusal> {
    prepare(&program(text), mode).err().map(|error| error.what)
}

/// A function with the given instructions after its entry.
fn body(instructions: &str) -> String {
    format!(
        "function u0:0(i32, i64) -> i32 tail {{\nblock0(v0: i32, v1: i64):\n{instructions}\n    return v0\n}}"
    )
}

#[test]
fn a_site_says_what_the_program_said() {
    let text = "
function u0:0(i32, i32) -> i32 tail {
    region0 = 603979780 \"VMMemoryDefinition+0x4\"
    sig0 = (i32) -> i32 tail
block0(v0: i32, v1: i32):
@0001    v2 = load.i32 notrap aligned region0 v0+12
@0002    v3 = iadd v2, v1
@0002    istore8 v3, v1-4
    v4 = call_indirect sig0, v1(v3)
@0009    trapz v4, user12
    return v4
}
function u0:1(i32) tail {
block0(v0: i32):
@0001    v1 = load.i128 v0
    return
}";
    let site = |at: (u32, u32, u32), kind, region: &str, width, displacement, wasm_offset| Site {
        function: FuncId(at.0),
        ordinal: at.1,
        instruction: cranelift_codegen::ir::Inst::from_u32(at.2),
        kind,
        region: region.into(),
        width,
        displacement,
        wasm_offset,
    };
    let expected = [
        site((0, 0, 0), SiteKind::Load, "VMMemoryDefinition+0x4", 4, 12, Some(1)),
        site((0, 1, 2), SiteKind::Store, "", 1, -4, Some(2)),
        site((0, 2, 3), SiteKind::IndirectCall, "", 0, 0, None),
        site((1, 0, 0), SiteKind::Load, "", 16, 0, Some(1)),
    ];
    for mode in [Mode::Exact, Mode::AsShipped] {
        assert_eq!(prepared(text, mode).sites, expected);
    }
}

/// Cranelift stores locations relative to the first one and loses the one just below it:
/// the ids must not be relative to what the function came with.
#[test]
fn sites_and_nothing_else_have_locations() {
    let text = body("@0001    v2 = iadd v0, v0\n@0001    v3 = load.i32 v2\n@0005    store v3, v0");
    let prepared = prepared(&text, Mode::Exact);
    let function = &prepared.functions[0];
    let block = function.layout.entry_block().expect("a body");
    let sites = |inst| SiteId::from_source_loc(function.srcloc(inst));
    let found: Vec<_> = function.layout.block_insts(block).map(sites).collect();
    assert_eq!(found, [None, Some(SiteId(0)), Some(SiteId(1)), None]);
}

#[test]
fn what_reveals_or_makes_host_addresses_is_refused() {
    let opcodes = [
        "v2 = get_frame_pointer.i32",
        "v2 = get_stack_pointer.i32",
        "v2 = get_return_address.i32",
        "v2 = get_exception_handler_address.i32 block0, 0",
        "v2 = get_pinned_reg.i32",
        "v2 = stack_switch v0, v0, v0",
    ];
    for opcode in opcodes {
        for mode in [Mode::Exact, Mode::AsShipped] {
            let refusal = refusal(&body(opcode), mode);
            assert!(matches!(refusal, Some(Refusal::Opcode(_))), "{opcode}: {refusal:?}");
        }
    }
}

#[test]
fn only_exact_runs_refuse_what_targets_differ_on() {
    let vector = "v2 = vconst.i8x16 0x00\n    v3 = x86_pshufb v2, v2";
    for opcodes in [vector, "debugtrap", "v2 = atomic_load.i32 big v0"] {
        assert!(refusal(&body(opcodes), Mode::Exact).is_some(), "{opcodes}");
        assert_eq!(refusal(&body(opcodes), Mode::AsShipped), None, "{opcodes}");
    }
}

#[test]
fn a_trap_must_have_a_name() {
    let refused = refusal(&body("trapz v0, user99"), Mode::AsShipped);
    assert!(matches!(refused, Some(Refusal::TrapCode(_))), "{refused:?}");
}

#[test]
fn a_callee_must_exist_and_have_the_stated_signature() {
    let call = |callee: &str| {
        format!(
            "function u0:0(i32) -> i32 tail {{\n    sig0 = (i32) -> i32 tail\n    \
             fn0 = {callee} sig0\nblock0(v0: i32):\n    v1 = call fn0(v0)\n    return v1\n}}\n\
             function u0:1(i64) -> i32 tail {{\nblock0(v0: i64):\n    trap user12\n}}"
        )
    };
    for (callee, fits) in [
        ("u0:0", true),
        ("u1:0", true),
        ("u0:1", false),
        ("u0:2", false),
        ("u1:999", false),
        ("u2:0", false),
        ("%memcpy", false),
    ] {
        let refusal = refusal(&call(callee), Mode::Exact);
        assert_eq!(refusal.is_none(), fits, "{callee}: {refusal:?}");
    }
}

#[test]
fn a_frame_has_a_limit() {
    let text =
        body("v2 = stack_addr.i32 ss0").replace("{\n", "{\n    ss0 = explicit_slot 1048577\n");
    assert_eq!(refusal(&text, Mode::AsShipped), Some(Refusal::Frame));
}

#[test]
fn the_verifier_knows_that_addresses_are_32_bits_wide() {
    let wrong = verify(&program(&body("v2 = load.i32 v1")));
    assert!(matches!(wrong, Err(PassError { what: Refusal::Invalid(_), .. })), "{wrong:?}");
    assert_eq!(verify(&program(&body("v2 = load.i32 v0"))), Ok(()));
}

fn target(name: &str) -> OwnedTargetIsa {
    let mut flags = settings::builder();
    flags.enable("preserve_frame_pointers").expect("a setting");
    let flags = settings::Flags::new(flags);
    isa::lookup_by_name(name).expect("a backend").finish(flags).expect("default settings")
}

/// Whether a backend compiles a function of this signature without a return area of its
/// own, which its default settings refuse.
fn in_registers(signature: &Signature, isa: &OwnedTargetIsa) -> bool {
    let mut function = Function::new();
    function.signature = signature.clone();
    let block = function.dfg.make_block();
    for param in &signature.params {
        function.dfg.append_block_param(block, param.value_type);
    }
    let mut pos = FuncCursor::new(&mut function);
    pos.insert_block(block);
    pos.ins().trap(cranelift_codegen::ir::TrapCode::unwrap_user(12));
    Context::for_function(function).compile(&**isa, &mut ControlPlane::default()).is_ok()
}

fn signatures() -> Vec<Signature> {
    let results = |types: &[Type]| {
        let mut signature = Signature::new(CallConv::Tail);
        signature.returns = types.iter().copied().map(AbiParam::new).collect();
        signature
    };
    let same = [I32, I64, F32, F64, I8X16, I128].into_iter();
    let same = same.flat_map(|ty| (0..=20).map(move |n| vec![ty; n]));
    let mixed = (0..=12).flat_map(|ints| {
        (0..=12).map(move |floats| {
            [vec![I64; ints], vec![F64; floats / 2], vec![I8X16; floats.div_ceil(2)]].concat()
        })
    });
    let odd = [[vec![I32; 7], vec![I128]].concat(), [vec![I128; 3], vec![I32; 2]].concat()];
    same.chain(mixed).chain(odd).map(|types| results(&types)).collect()
}

/// x86-64 has the fewest registers, so there the rule is exact.
#[test]
fn an_area_is_needed_where_a_backend_runs_out_of_registers() {
    let (x86_64, pulley) = (target("x86_64-unknown-linux-gnu"), target("pulley32"));
    for signature in signatures() {
        assert_eq!(
            return_area::needed(&signature),
            !in_registers(&signature, &x86_64),
            "{signature}"
        );
        let explicit = return_area::explicit(&signature);
        assert!(
            in_registers(&explicit, &x86_64) && in_registers(&explicit, &pulley),
            "{signature}"
        );
        assert_eq!(return_area::explicit(&explicit), explicit, "{signature}");
    }
}

#[test]
fn slots_of_an_area_are_sixteen_bytes_apart() {
    assert_eq!(return_area::slots(0x1_0000, 3).collect::<Vec<_>>(), [0x1_0000, 0x1_0010, 0x1_0020]);
    assert_eq!(return_area::slots(u32::MAX, 2).collect::<Vec<_>>(), [u32::MAX, 15]);
}

#[test]
fn preparing_is_deterministic() {
    let wasm = wat::parse_str(
        r#"(module (memory 1) (table 4 funcref) (elem (i32.const 0) $f)
             (type $t (func (param i32) (result i32)))
             (func $f (export "f") (type $t) (i32.load8_u (local.get 0)))
             (func (export "g") (type $t) (call_indirect (type $t) (local.get 0) (local.get 0))))"#,
    );
    let program = engine::frontend::translate(&wasm.expect("a module")).expect("a program");
    for mode in [Mode::Exact, Mode::AsShipped] {
        let [one, two] = [(); 2].map(|()| prepare(&program, mode).expect("a supported program"));
        assert_eq!(one.sites, two.sites);
        assert_eq!(one.functions, two.functions);
        assert!(one.sites.iter().any(|site| site.kind == SiteKind::IndirectCall));
    }
}

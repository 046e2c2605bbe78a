//! What the interface takes and refuses; what attacks come to is tested with `corpus/attacks`.

use super::*;

fn module(text: &str) -> Module {
    frontend::translate(&wat::parse_str(text).expect("valid text")).expect("a program").module
}

#[test]
fn every_field_of_every_structure_has_a_function() {
    for structure in frontend::empty_layout().structures() {
        for field in &structure.fields {
            let of = |mark| Meant::by(&format!("{}{mark}{}", structure.name, field.name));
            let types = ['.', '+'].map(|mark| of(mark).map(|meant| meant.ty()));
            let number = Some(ValType::I32);
            let wanted = [table::ty(&[ValType::I32; 2], number), table::ty(&[], number)];
            assert_eq!(types, wanted.map(Some), "{}.{}", structure.name, field.name);
        }
    }
    for name in ["VMContext", "VMContext.", "+magic", "VMContext.base", "VMNothing.magic", ""] {
        assert!(Meant::by(name).is_none(), "{name}");
    }
}

#[test]
fn names_are_distinct_and_no_field_has_one() {
    let mut names: Vec<&str> = functions().iter().map(|function| function.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(names.iter().all(|name| !name.contains(['.', '+'])));
}

#[test]
fn imports_must_have_the_names_and_types_of_the_interface() {
    let refused = |import: &str| {
        let text = format!("(module (import \"fencepost\" {import}))");
        check(&module(&text)).err().map(|error| error.to_string())
    };
    assert_eq!(refused("\"load32\" (func (param i32) (result i32))"), None);
    assert_eq!(refused("\"function_at\" (func (param i32) (result funcref))"), None);
    assert_eq!(refused("\"VMContext.magic\" (func (param i32 i32) (result i32))"), None);
    let wrong = refused("\"load32\" (func (param i64) (result i32))").expect("refused");
    assert_eq!(wrong, "import fencepost.load32 as (i64) -> (i32), since it is (i32) -> (i32)");
    let unknown = refused("\"load\" (func)").expect("refused");
    assert!(unknown.ends_with("no such function or field, but load8"), "{unknown}");
    assert!(refused("\"load32\" (memory 1)").expect("refused").ends_with("functions only"));
}

#[test]
fn a_reference_may_be_declared_as_specific_as_one_likes() {
    let text = "(module (type $f (func)) (type $s (struct))
        (import \"fencepost\" \"function_at\" (func (param i32) (result (ref $f))))
        (import \"fencepost\" \"object_at\" (func (param i32) (result (ref null $s)))))";
    assert_eq!(check(&module(text)), Ok(()));
}

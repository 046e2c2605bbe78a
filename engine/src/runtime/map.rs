//! The arena map of a program: what `fencepost layout` shows.
#![forbid(unsafe_code)]

use serde_json::{Value, json};

use super::areas::{Area, AreaKind, Areas};
use super::places::offset_of;
use super::structures::{InstanceAreas, Reservations, TooLarge, instance_areas, store_areas};
use crate::arena::NULL_PAGE;
use crate::layout::Structure;
use crate::program::Program;

/// Where everything lies in the arena of a store with one instance of a program.
#[derive(Clone, Debug)]
pub struct ArenaMap {
    /// The areas after the null page, in ascending order.
    pub areas: Vec<Area>,
    /// The VM structures of the instance, each with its arena offset.
    pub structures: Vec<(u32, Structure)>,
}

impl ArenaMap {
    /// The map of a program that imports nothing but functions.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn of(program: &Program, limits: Reservations) -> Result<ArenaMap, TooLarge> {
        let mut areas = Areas::unbounded();
        store_areas(&mut areas)?;
        let InstanceAreas { vmctx, .. } = instance_areas(&mut areas, program, limits)?;
        let place = |structure: Structure| (offset_of(&structure, vmctx), structure);
        let structures = program.layout.catalogue().into_iter().map(place).collect();
        Ok(ArenaMap { areas: areas.all().to_vec(), structures })
    }

    /// The map as JSON: `{"areas": [{"name", "offset", "length", "kind"}], "structures":
    /// [{"name", "offset", "size", "count", "fields": [{"name", "offset", "width",
    /// "meaning"}]}]}`. Offsets of fields are relative to their structure, all others
    /// are arena offsets.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let null =
            json!({"name": "null page", "offset": 0, "length": NULL_PAGE, "kind": "null page"});
        let mut areas = vec![null];
        let mut counted: Vec<(AreaKind, u32)> = Vec::new();
        for area in &self.areas {
            let number = match counted.iter_mut().find(|(kind, _)| *kind == area.kind) {
                Some((_, number)) => {
                    *number += 1;
                    *number
                }
                None => {
                    counted.push((area.kind, 0));
                    0
                }
            };
            areas.push(area_json(area, number));
        }
        let structures =
            self.structures.iter().map(|(at, structure)| structure_json(*at, structure));
        json!({"areas": areas, "structures": structures.collect::<Vec<_>>()})
    }
}

fn area_json(area: &Area, number: u32) -> Value {
    let kind = area.kind.name();
    let name = match area.kind {
        AreaKind::Table | AreaKind::Memory | AreaKind::Canary => format!("{kind} {number}"),
        AreaKind::Store | AreaKind::ShadowStack | AreaKind::GcHeap | AreaKind::Instance => {
            kind.to_owned()
        }
        AreaKind::Gap => kind.to_owned(),
    };
    json!({"name": name, "offset": area.offset, "length": area.len, "kind": kind})
}

fn structure_json(offset: u32, structure: &Structure) -> Value {
    let fields = structure.fields.iter().map(|field| {
        json!({
            "name": field.name,
            "offset": field.offset,
            "width": field.width,
            "meaning": field.meaning.to_string(),
        })
    });
    json!({
        "name": structure.name,
        "offset": offset,
        "size": structure.size,
        "count": structure.count,
        "fields": fields.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_follow_each_other_and_structures_lie_in_them() {
        let text = "(module (memory 1) (table 2 funcref) (global (mut i32) (i32.const 0)))";
        let wasm = wat::parse_str(text).expect("valid text");
        let program = crate::frontend::translate(&wasm).expect("a program");
        let map = ArenaMap::of(&program, Reservations::default()).expect("fits");
        let json = map.to_json();
        let mut end = 0;
        for area in json["areas"].as_array().expect("a list") {
            assert_eq!(area["offset"].as_u64(), Some(end), "{area}");
            end += area["length"].as_u64().expect("a number");
        }
        let mut names: Vec<&str> = json["structures"]
            .as_array()
            .expect("a list")
            .iter()
            .flat_map(|s| s["name"].as_str())
            .collect();
        names.sort_unstable();
        for name in ["VMContext", "VMMemoryDefinition", "VMStoreContext", "VMTableDefinition"] {
            assert!(names.binary_search(&name).is_ok(), "{name} in {names:?}");
        }
        for (offset, structure) in &map.structures {
            let end = offset + structure.size * structure.count;
            let holds = |area: &&Area| area.offset <= *offset && end <= area.offset + area.len;
            let area = map.areas.iter().find(holds).expect("an area");
            assert!(matches!(area.kind, AreaKind::Store | AreaKind::Instance), "{area:?}");
        }
    }
}

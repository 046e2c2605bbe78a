/* The attack interface for C, compiled by clang for wasm32: docs/attacks.md says what it is.
 *
 * Offsets are offsets in the arena. What lies outside traps, as does what does not exist. A field is declared with
 * FENCEPOST and its name:
 *
 *   FENCEPOST("VMMemoryDefinition.current_length") uint32_t memory_length(uint32_t instance, uint32_t index);
 *   FENCEPOST("VMFuncRef+wasm_call") uint32_t wasm_call(void);
 *
 * The functions that take or give references are for WAT: C has no values of these types. */
#ifndef FENCEPOST_H
#define FENCEPOST_H

#include <stdint.h>

#define FENCEPOST(NAME) __attribute__((import_module("fencepost"), import_name(NAME))) extern

FENCEPOST("load8") uint32_t fencepost_load8(uint32_t offset);
FENCEPOST("load16") uint32_t fencepost_load16(uint32_t offset);
FENCEPOST("load32") uint32_t fencepost_load32(uint32_t offset);
FENCEPOST("load64") uint64_t fencepost_load64(uint32_t offset);
FENCEPOST("store8") void fencepost_store8(uint32_t offset, uint32_t value);
FENCEPOST("store16") void fencepost_store16(uint32_t offset, uint32_t value);
FENCEPOST("store32") void fencepost_store32(uint32_t offset, uint32_t value);
FENCEPOST("store64") void fencepost_store64(uint32_t offset, uint64_t value);
FENCEPOST("store32_in_builtin") void fencepost_store32_in_builtin(uint32_t passes, uint32_t offset, uint32_t value);
FENCEPOST("length") uint32_t fencepost_length(void);
FENCEPOST("self") uint32_t fencepost_self(void);
FENCEPOST("instances") uint32_t fencepost_instances(void);
FENCEPOST("gc_heap") uint32_t fencepost_gc_heap(void);
FENCEPOST("shadow_stack") uint32_t fencepost_shadow_stack(void);
FENCEPOST("passive_elements") uint32_t fencepost_passive_elements(uint32_t instance, uint32_t segment);

#endif

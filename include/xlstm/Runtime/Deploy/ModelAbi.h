/*===- ModelAbi.h - what a compiled model exports to the executable --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lib/Target/Cpu emits one object with the symbol `xlstm_model`; runtime/Deploy links against it.
*/

#ifndef XLSTM_RUNTIME_DEPLOY_MODELABI_H
#define XLSTM_RUNTIME_DEPLOY_MODELABI_H

#include "xlstm/Kernels/Team.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define XLSTM_MODEL_ABI 6

/* All memory is given by the caller, 64-byte aligned. `weights` is the blob that the compiler appended to the
   executable; `state` is one sequence's whole state, its position included; `scratch` may be shared by sequences that
   do not run at the same time. Functions allocate nothing and never fail. */
typedef void (*xlstm_init_state)(char *state);
/* Reads ids [tokens] behind those before; logits [vocab] of the last of them, null where nobody wants them. All threads
   of `team` call it with the same arguments; null: there is one. */
typedef void (*xlstm_run)(const char *weights, char *state, char *scratch, const int64_t *ids, float *logits,
                          const xlstm_team *team, int64_t tokens);

/* Reads one id [rows] of each of up to `most_rows` texts that have the states [rows]; logits [rows, vocab]. Each
   becomes what decode would have made of it, to the last bit. */
typedef void (*xlstm_run_many)(const char *weights, char *const *states, char *scratch, const int64_t *ids,
                               float *logits, const xlstm_team *team, int64_t rows);

/* The fields of xlstm_model_info, for the struct and for the compiler, which writes them by name. prefill takes
   1 to `prefill_tokens` tokens; decode takes one. cache_tokens: how many tokens the caches of
   full attention hold; 0 where there is none, and texts may go on. token_bytes: what each of these tokens takes of the
   state. most_rows: 0 where there is no decode_many. */
#define XLSTM_MODEL_FIELDS(FIELD)                                                                                      \
  FIELD(int32_t, abi)                                                                                                  \
  FIELD(int32_t, prefill_tokens)                                                                                       \
  FIELD(int64_t, vocab)                                                                                                \
  FIELD(int64_t, cache_tokens)                                                                                         \
  FIELD(uint64_t, token_bytes)                                                                                         \
  FIELD(uint64_t, weight_bytes)                                                                                        \
  FIELD(uint64_t, state_bytes)                                                                                         \
  FIELD(uint64_t, scratch_bytes)                                                                                       \
  FIELD(xlstm_init_state, init_state)                                                                                  \
  FIELD(xlstm_run, prefill)                                                                                            \
  FIELD(xlstm_run, decode)                                                                                             \
  FIELD(int64_t, most_rows)                                                                                            \
  FIELD(xlstm_run_many, decode_many)

#define XLSTM_FIELD(type, name) type name;
typedef struct {
  XLSTM_MODEL_FIELDS(XLSTM_FIELD)
} xlstm_model_info;
#undef XLSTM_FIELD

extern const xlstm_model_info xlstm_model;
/* The same model for CPUs that have wideCpuFeatures (CpuFeatures.h); not in every executable. */
extern const xlstm_model_info xlstm_model_wide __attribute__((weak));

#ifdef __cplusplus
}
#endif

#endif /* XLSTM_RUNTIME_DEPLOY_MODELABI_H */

/*===- ModelAbi.h - what a compiled model exports to the executable --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lib/Target/Cpu emits one object with the symbol `xlstm_model`; runtime/Deploy links against it.
*/

#ifndef XLSTM_RUNTIME_DEPLOY_MODELABI_H
#define XLSTM_RUNTIME_DEPLOY_MODELABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define XLSTM_MODEL_ABI 1

/* All memory is given by the caller, 64-byte aligned. `weights` is the blob that the compiler appended to the
   executable; `state` is one sequence's whole state and nothing else; `scratch` may be shared by sequences that do not
   run at the same time. Functions allocate nothing and never fail. */
typedef struct {
  int32_t abi;            /* XLSTM_MODEL_ABI */
  int32_t prefill_tokens; /* tokens that one prefill call takes, exactly */
  int64_t vocab;
  int64_t context_length; /* of the teacher; 0 when not stated */
  uint64_t weight_bytes, state_bytes, scratch_bytes;
  void (*init_state)(char *state);
  /* ids [prefill_tokens] that follow `pos` earlier tokens; logits [vocab] of the last of them. */
  void (*prefill)(const char *weights, char *state, char *scratch, const int64_t *ids, int32_t pos, float *logits);
  /* The same for one token. */
  void (*decode)(const char *weights, char *state, char *scratch, const int64_t *ids, int32_t pos, float *logits);
} xlstm_model_info;

extern const xlstm_model_info xlstm_model;

#ifdef __cplusplus
}
#endif

#endif /* XLSTM_RUNTIME_DEPLOY_MODELABI_H */

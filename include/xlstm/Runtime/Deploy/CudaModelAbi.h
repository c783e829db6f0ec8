/*===- CudaModelAbi.h - what a model compiled for CUDA exports -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lib/Target/Cuda emits one object of host code with the symbol `xlstm_cuda_model`; runtime/Deploy links against it. The
// code is straight-line calls of the kernels' C ABI (Kernels/Cuda.h, Kernels/CudaSteps.h): capturing one call of `run`
// makes the CUDA graph of a whole prefill or decode.
*/

#ifndef XLSTM_RUNTIME_DEPLOY_CUDAMODELABI_H
#define XLSTM_RUNTIME_DEPLOY_CUDAMODELABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define XLSTM_CUDA_MODEL_ABI 1

/* Device memory, all of it given by the caller, each at a multiple of 256 bytes. */
typedef struct {
  const char *weights; /* weight_bytes: the blob behind the executable as it is, or made by `random`; then `constants` */
  char *state;         /* state_bytes: that of `batch` texts, positions included */
  char *scratch;       /* scratch_bytes */
  char *workspace;     /* workspace_bytes() */
  char *zeroed;        /* zeroed_bytes(): zero before the first call; calls leave it zero */
  const int64_t *ids;  /* [batch, tokens] */
  float *logits;       /* [batch, vocab], of the last token of each row */
} xlstm_cuda_memory;

/* A function of the model: `tokens` more tokens of every row. Enqueues on `stream` (a cudaStream_t) and returns 0 or a
   cudaError_t. */
typedef struct {
  int64_t tokens;
  int (*run)(const xlstm_cuda_memory *memory, void *stream);
} xlstm_cuda_function;

/* A weight that the executable makes on the device (a shape without weights): mean + deviation * normal. */
typedef struct {
  uint64_t offset; /* in the weights */
  int64_t elements;
  int32_t type; /* enum xlstm_dtype */
  float mean, deviation;
} xlstm_cuda_random;

/* Host bytes that the weights hold as well, such as rope frequencies: copied there when the rest is in place. The blob
   behind the executable has zeros there. */
typedef struct {
  uint64_t offset; /* in the weights */
  uint64_t bytes;
  const void *data;
} xlstm_cuda_constant;

typedef struct {
  int32_t abi; /* XLSTM_CUDA_MODEL_ABI */
  int32_t batch;
  int64_t vocab;
  int64_t context_length; /* of the teacher; 0 when not stated */
  uint64_t weight_bytes, state_bytes, scratch_bytes;
  size_t (*workspace_bytes)(void);
  size_t (*zeroed_bytes)(void);
  /* Empty texts in all rows. */
  int (*init_state)(const xlstm_cuda_memory *memory, void *stream);
  const xlstm_cuda_function *functions; /* by falling number of tokens; the last one has 1: decode */
  int64_t function_count;
  const xlstm_cuda_random *random; /* null where the weights are behind the executable */
  int64_t random_count;
  const xlstm_cuda_constant *constants;
  int64_t constant_count;
  /* What the benchmark divides by; 0 where not stated. Bytes that decode must move for `batch` texts: weights read (not
     an embedding's table), states read and written. Operations of the linear layers that run for every token of a
     prefill, 2 in out each, for one token. */
  uint64_t decode_bytes, prefill_flops;
} xlstm_cuda_model_info;

extern const xlstm_cuda_model_info xlstm_cuda_model;

#ifdef __cplusplus
}
#endif

#endif /* XLSTM_RUNTIME_DEPLOY_CUDAMODELABI_H */

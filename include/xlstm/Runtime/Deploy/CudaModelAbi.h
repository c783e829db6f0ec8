/*===- CudaModelAbi.h - what a model compiled for CUDA exports -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lib/Target/Cuda emits one object of host code with the symbol `xlstm_cuda_model`; runtime/Deploy links against it.
The
// code is straight-line calls of the kernels' C ABI (Kernels/CudaCalls.h): capturing one call of `run`
// makes the CUDA graph of a whole prefill or decode.
*/

#ifndef XLSTM_RUNTIME_DEPLOY_CUDAMODELABI_H
#define XLSTM_RUNTIME_DEPLOY_CUDAMODELABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define XLSTM_CUDA_MODEL_ABI 6

/* Device memory, all of it given by the caller, each at a multiple of 256 bytes.
     weights    weight_bytes: the blob behind the executable as it is, or made by `random`; then `constants`
     state      state_bytes: that of `batch` texts, positions included
     scratch    scratch_bytes
     workspace  workspace_bytes()
     zeroed     zeroed_bytes(): zero before the first call; calls leave it zero
     ids        [batch, tokens]
     logits     [batch, vocab], of the last token of each row
     apart      [most_rows]: of texts that decode_many reads, how many bytes behind `state` the state of each lies */
#define XLSTM_CUDA_MEMORY_FIELDS(FIELD)                                                                                \
  FIELD(const char *, weights)                                                                                         \
  FIELD(char *, state)                                                                                                 \
  FIELD(char *, scratch)                                                                                               \
  FIELD(char *, workspace)                                                                                             \
  FIELD(char *, zeroed)                                                                                                \
  FIELD(const int64_t *, ids)                                                                                          \
  FIELD(float *, logits)                                                                                               \
  FIELD(const int64_t *, apart)

#define XLSTM_FIELD(type, name) type name;
typedef struct {
  XLSTM_CUDA_MEMORY_FIELDS(XLSTM_FIELD)
} xlstm_cuda_memory;

/* Enqueues on `stream` (a cudaStream_t) and returns 0 or a cudaError_t. */
typedef int (*xlstm_cuda_run)(const xlstm_cuda_memory *memory, void *stream);
/* One id [rows] of each of up to `most_rows` texts that have the states [rows], pointers that the host reads where the
   model goes_by_rows; logits [rows, vocab]. memory->state is any place in the device's memory, a multiple of 256. */
typedef int (*xlstm_cuda_run_many)(const xlstm_cuda_memory *memory, char *const *states, int64_t rows, void *stream);
typedef size_t (*xlstm_cuda_bytes)(void);

/* A function of the model: `tokens` more tokens of every row. */
#define XLSTM_CUDA_FUNCTION_FIELDS(FIELD)                                                                              \
  FIELD(int64_t, tokens)                                                                                               \
  FIELD(xlstm_cuda_run, run)
typedef struct {
  XLSTM_CUDA_FUNCTION_FIELDS(XLSTM_FIELD)
} xlstm_cuda_function;

/* A weight that the executable makes on the device (a shape without weights): mean + deviation * normal; `offset` is in
   the weights, `type` an enum xlstm_dtype. */
#define XLSTM_CUDA_RANDOM_FIELDS(FIELD)                                                                                \
  FIELD(uint64_t, offset)                                                                                              \
  FIELD(int64_t, elements)                                                                                             \
  FIELD(int32_t, type)                                                                                                 \
  FIELD(float, mean)                                                                                                   \
  FIELD(float, deviation)
typedef struct {
  XLSTM_CUDA_RANDOM_FIELDS(XLSTM_FIELD)
} xlstm_cuda_random;

/* Host bytes that the weights hold as well, such as rope frequencies: copied there when the rest is in place. The blob
   behind the executable has zeros there. */
#define XLSTM_CUDA_CONSTANT_FIELDS(FIELD)                                                                              \
  FIELD(uint64_t, offset)                                                                                              \
  FIELD(uint64_t, bytes)                                                                                               \
  FIELD(const void *, data)
typedef struct {
  XLSTM_CUDA_CONSTANT_FIELDS(XLSTM_FIELD)
} xlstm_cuda_constant;

/* cache_tokens: how many tokens the caches of full attention hold; 0 where there is none. token_bytes: what each of
   these takes of the state, in all rows together. init_state: empty texts in all rows. functions: by falling number of
   tokens; the last one has 1: decode. most_rows: 0 where there is no decode_many; goes_by_rows: not 0 where what is
   enqueued depends on which texts they are, and not only on their number. random: null where the weights are
   behind the executable.
   decode_bytes and prefill_flops are what the benchmark divides by; 0 where not stated. Bytes that decode must move for
   `batch` texts: weights read (not an embedding's table), states read and written, but of caches, which are read as far
   as a text has come. Operations of the linear layers that run for every token of a prefill, 2 in out each, for one
   token. */
#define XLSTM_CUDA_MODEL_FIELDS(FIELD)                                                                                 \
  FIELD(int32_t, abi)                                                                                                  \
  FIELD(int32_t, batch)                                                                                                \
  FIELD(int64_t, vocab)                                                                                                \
  FIELD(int64_t, cache_tokens)                                                                                         \
  FIELD(uint64_t, token_bytes)                                                                                         \
  FIELD(uint64_t, weight_bytes)                                                                                        \
  FIELD(uint64_t, state_bytes)                                                                                         \
  FIELD(uint64_t, scratch_bytes)                                                                                       \
  FIELD(xlstm_cuda_bytes, workspace_bytes)                                                                             \
  FIELD(xlstm_cuda_bytes, zeroed_bytes)                                                                                \
  FIELD(xlstm_cuda_run, init_state)                                                                                    \
  FIELD(const xlstm_cuda_function *, functions)                                                                        \
  FIELD(int64_t, function_count)                                                                                       \
  FIELD(int64_t, most_rows)                                                                                            \
  FIELD(int64_t, goes_by_rows)                                                                                         \
  FIELD(xlstm_cuda_run_many, decode_many)                                                                              \
  FIELD(const xlstm_cuda_random *, random)                                                                             \
  FIELD(int64_t, random_count)                                                                                         \
  FIELD(const xlstm_cuda_constant *, constants)                                                                        \
  FIELD(int64_t, constant_count)                                                                                       \
  FIELD(uint64_t, decode_bytes)                                                                                        \
  FIELD(uint64_t, prefill_flops)
typedef struct {
  XLSTM_CUDA_MODEL_FIELDS(XLSTM_FIELD)
} xlstm_cuda_model_info;
#undef XLSTM_FIELD

extern const xlstm_cuda_model_info xlstm_cuda_model;

#ifdef __cplusplus
}
#endif

#endif /* XLSTM_RUNTIME_DEPLOY_CUDAMODELABI_H */

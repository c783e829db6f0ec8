/*===- Types.h - element types of the kernels' C ABI ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
*/

#ifndef XLSTM_KERNELS_TYPES_H
#define XLSTM_KERNELS_TYPES_H

#include <stddef.h>
#include <stdint.h>

typedef uint16_t xlstm_bf16;
typedef uint16_t xlstm_f16;

/* States, gates and accumulation are float32 always. */
enum xlstm_dtype { XLSTM_F32 = 0, XLSTM_BF16 = 1, XLSTM_FP8_E4M3 = 2 /* rings only */ };

#endif /* XLSTM_KERNELS_TYPES_H */

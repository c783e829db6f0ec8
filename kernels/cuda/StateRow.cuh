//===- StateRow.cuh - where a text's state lies -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_STATEROW_CUH
#define XLSTM_KERNELS_CUDA_STATEROW_CUH

#include <cstdint>

namespace xlstm::cuda {

/// States of a call's texts are the rows of an array, or, with `apart` [B], arrays of one row: the b-th text's lies
/// apart[b] bytes behind the place that is named.
struct StateRow {
  int64_t row, bytes;

  __device__ StateRow(const int64_t *apart, int64_t b) : row(apart ? 0 : b), bytes(apart ? apart[b] : 0) {}
  template <typename T>
  __device__ T *in(void *named) const {
    return reinterpret_cast<T *>(static_cast<char *>(named) + bytes);
  }
  template <typename T>
  __device__ const T *in(const void *named) const {
    return reinterpret_cast<const T *>(static_cast<const char *>(named) + bytes);
  }
};

/// So few texts are computed as each would be alone: their bits do not depend on one another.
constexpr int64_t FewTexts = 8;
/// How many texts a call's plan is made for.
inline int64_t plannedTexts(int64_t B, const int64_t *apart) { return apart && B <= FewTexts ? 1 : B; }

} // namespace xlstm::cuda

#endif // XLSTM_KERNELS_CUDA_STATEROW_CUH

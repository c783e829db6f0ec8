//===- CudaWeights.cpp - a model's weights on the GPU ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/CudaSession.h"
#include "xlstm/Kernels/Cuda.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <cstring>
#include <unistd.h>

namespace xlstm {

constexpr size_t pieceBytes = size_t(32) << 20, manyBytes = size_t(1) << 30;

/// The executable's pages come in while the piece before is on its way.
static void upload(const char *carried, char *weights, size_t bytes, Stream &stream) {
  const size_t piece = std::min(bytes, pieceBytes);
  PinnedBuffer buffers[2] = {PinnedBuffer(piece), PinnedBuffer(piece)};
  Event sent[2];
  const bool tells = bytes > manyBytes && isatty(STDERR_FILENO);
  for (size_t at = 0, turn = 0; at < bytes; at += piece, turn = 1 - turn) {
    const size_t count = std::min(piece, bytes - at);
    sent[turn].wait();
    std::memcpy(buffers[turn].get(), carried + at, count);
    stream.copy(weights + at, buffers[turn].get(), count);
    sent[turn].record(stream);
    if (tells)
      std::fprintf(stderr, "\rweights: %.1f of %.1f GB", static_cast<double>(at + count) / 1e9,
                   static_cast<double>(bytes) / 1e9);
  }
  stream.wait("copying the weights to the GPU");
  if (tells)
    std::fprintf(stderr, "\n");
}

static void makeRandom(const xlstm_cuda_model_info &model, char *weights, Stream &stream) {
  stream.clear(weights, model.weight_bytes);
  for (int64_t n = 0; n < model.random_count; ++n) {
    const xlstm_cuda_random &w = model.random[n];
    checkDevice(xlstm_cuda_random_fill(static_cast<xlstm_dtype>(w.type), weights + w.offset, w.elements, n, w.mean,
                                       w.deviation, stream.get()),
                "making random weights on the GPU");
  }
}

void fillWeights(const xlstm_cuda_model_info &model, const char *carried, char *weights, Stream &stream) {
  if (model.random)
    makeRandom(model, weights, stream);
  else if (model.weight_bytes)
    upload(carried, weights, model.weight_bytes, stream);
  for (int64_t n = 0; n < model.constant_count; ++n) {
    const xlstm_cuda_constant &constant = model.constants[n];
    stream.copy(weights + constant.offset, constant.data, constant.bytes);
  }
  stream.wait("filling the weights on the GPU");
}

} // namespace xlstm

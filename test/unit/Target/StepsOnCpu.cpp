//===- StepsOnCpu.cpp - the CUDA steps by the CPU's kernels ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stands in for libXlstmKernelsCuda, in float32 and host memory, so that a model compiled for CUDA runs without a GPU.

#include "StepsOnCpu.h"

#include "xlstm/Kernels/Cpu.h"
#include "xlstm/Kernels/CudaSteps.h"

#include <algorithm>
#include <vector>

namespace xlstm::test {

std::vector<std::string> steps;
size_t failingStep = SIZE_MAX;

/// Notes the call; an error where the test wants one, or where a type is not float32.
static int enter(const char *name, std::initializer_list<xlstm_dtype> types = {}) {
  steps.push_back(name);
  bool isFloat = std::all_of(types.begin(), types.end(), [](xlstm_dtype type) { return type == XLSTM_F32; });
  return steps.size() - 1 == failingStep || !isFloat ? 1 : 0;
}

static const float *floats(const void *p) { return static_cast<const float *>(p); }
static float *floats(void *p) { return static_cast<float *>(p); }

} // namespace xlstm::test

using namespace xlstm::test;

int xlstm_cuda_embed(xlstm_dtype type, const int64_t *ids, const void *table, void *y, int64_t tokens, int64_t vocab,
                     int64_t dim, void *) {
  xlstm_cpu_embed_f32(ids, floats(table), floats(y), tokens, vocab, dim);
  return enter("embed", {type});
}

static int linear(const char *name, xlstm_dtype x_type, xlstm_dtype w_type, xlstm_dtype y_type, const void *x,
                  const void *w, const void *bias, const void *residual, void *y, int64_t rows, int64_t in,
                  int64_t out) {
  std::vector<float> product(rows * out);
  xlstm_cpu_linear_f32(floats(x), floats(w), floats(bias), product.data(), rows, in, out);
  for (int64_t i = 0; i < rows * out; ++i)
    floats(y)[i] = product[i] + (residual ? floats(residual)[i] : 0);
  return enter(name, {x_type, w_type, y_type});
}

int xlstm_cuda_linear(xlstm_dtype x_type, xlstm_dtype w_type, xlstm_dtype y_type, const void *x, const void *w,
                      const void *bias, const void *residual, void *y, int64_t rows, int64_t in, int64_t out, void *,
                      void *) {
  return linear("linear", x_type, w_type, y_type, x, w, bias, residual, y, rows, in, out);
}

int xlstm_cuda_linear_beside(xlstm_dtype x_type, xlstm_dtype w_type, xlstm_dtype y_type, const void *x, const void *w,
                             const void *bias, const void *residual, void *y, int64_t rows, int64_t in, int64_t out,
                             void *, void *) {
  return linear("linear_beside", x_type, w_type, y_type, x, w, bias, residual, y, rows, in, out);
}

size_t xlstm_cuda_linear_workspace(void) { return 1000; }

int xlstm_cuda_rms_norm(xlstm_dtype type, const void *x, const void *w, void *y, int64_t rows, int64_t group, int64_t n,
                        int64_t x_stride, float eps, void *) {
  xlstm_cpu_rms_norm_f32(floats(x), floats(w), floats(y), rows, n, eps);
  return enter("rms_norm", {type}) || x_stride != group * n;
}

int xlstm_cuda_rope(xlstm_dtype type, const void *x, const int32_t *positions, const float *frequencies, void *y,
                    int64_t tokens, int64_t H, int64_t d, int64_t x_stride, float factor, void *) {
  xlstm_cpu_rope(floats(x), positions, frequencies, factor, floats(y), 1, tokens, H, d);
  return enter("rope", {type}) || x_stride != H * d;
}

int xlstm_cuda_swiglu(xlstm_dtype type, const void *gate, const void *up, void *y, int64_t rows, int64_t n,
                      int64_t gate_stride, int64_t up_stride, void *) {
  xlstm_cpu_swiglu(floats(gate), floats(up), floats(y), rows * n);
  return enter("swiglu", {type}) || gate_stride != n || up_stride != n;
}

int xlstm_cuda_output_gate(xlstm_dtype type, const void *q, const void *k, const void *v, const float *w,
                           const float *b, float *y, int64_t tokens, int64_t H, int64_t Hkv, int64_t d,
                           int64_t q_stride, int64_t k_stride, int64_t v_stride, void *) {
  xlstm_cpu_output_gate_f32(floats(q), floats(k), floats(v), w, b, y, 1, tokens, H, Hkv, d);
  return enter("output_gate", {type}) || q_stride != H * d || k_stride != Hkv * d || v_stride != Hkv * d;
}

int xlstm_cuda_hybrid_step(xlstm_dtype type, const void *q, const void *k, const void *v, const float *i_gate,
                           const float *f_gate, const float *o_gate, const void *q_map, const void *k_map,
                           const float *frequencies, float *S, float *z, float *m, void *ring_k, void *ring_v,
                           void *sink_k, void *sink_v, int32_t *pos, void *h, int64_t B, int64_t T, int64_t H,
                           int64_t Hkv, int64_t d, int64_t W, int64_t sinks, int64_t q_stride, int64_t k_stride,
                           int64_t v_stride, float scale, float rope_factor, void *, void *, void *) {
  const xlstm_hybrid_shape shape = {B, T, H, Hkv, d, W, sinks, scale, type, type, 0};
  const xlstm_hybrid_inputs in = {q, k, v, i_gate, f_gate, o_gate, q_map, k_map, nullptr};
  xlstm_hybrid_state state = {S, z, m, ring_k, ring_v, sink_k, sink_v, pos};
  if (T == 1) {
    xlstm_cpu_hybrid_decode(&shape, &in, frequencies, rope_factor, &state, h);
  } else {
    std::vector<std::byte> workspace(xlstm_cpu_hybrid_forward_workspace(&shape));
    xlstm_cpu_hybrid_forward(&shape, &in, &state, h, nullptr, workspace.data());
  }
  const bool dense = q_stride == H * d && k_stride == Hkv * d && v_stride == Hkv * d;
  return enter("hybrid_step", {type}) || (T != 1 && frequencies) || !dense;
}

// Sizes by which a test sees that all calls were asked.
size_t xlstm_cuda_hybrid_step_workspace(xlstm_dtype, int64_t B, int64_t T, int64_t, int64_t, int64_t, int64_t,
                                        int64_t) {
  return B * T * 100;
}
size_t xlstm_cuda_hybrid_step_zeroed(xlstm_dtype, int64_t B, int64_t T, int64_t, int64_t, int64_t, int64_t, int64_t) {
  return T == 1 ? B * 64 : 0;
}

int xlstm_cuda_positions(const int32_t *pos, int32_t *positions, int64_t B, int64_t T, void *) {
  xlstm_cpu_positions(pos, positions, B, T);
  return enter("positions");
}

int xlstm_cuda_advance(int32_t *pos, int64_t B, int64_t T, void *) {
  for (int64_t b = 0; b < B; ++b)
    pos[b] += static_cast<int32_t>(T);
  return enter("advance");
}

int xlstm_cuda_last_token(xlstm_dtype type, const void *x, void *y, int64_t B, int64_t T, int64_t n, void *) {
  for (int64_t b = 0; b < B; ++b)
    std::copy_n(floats(x) + (b * T + T - 1) * n, n, floats(y) + b * n);
  return enter("last_token", {type});
}

int xlstm_cuda_add(xlstm_dtype type, const void *a, const void *b, void *y, int64_t n, void *) {
  xlstm_cpu_add(floats(a), floats(b), floats(y), n);
  return enter("add", {type});
}

int xlstm_cuda_scale(xlstm_dtype type, const void *x, void *y, int64_t n, float factor, void *) {
  xlstm_cpu_scale(floats(x), factor, floats(y), n);
  return enter("scale", {type});
}

int xlstm_cuda_fill(void *y, uint32_t value, int64_t n, void *) {
  std::fill_n(static_cast<uint32_t *>(y), n, value);
  return enter("fill");
}

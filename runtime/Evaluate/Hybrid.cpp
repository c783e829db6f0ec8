//===- Hybrid.cpp - the fused mixer as one differentiable function ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Hybrid.h"

#include "runtime/Evaluate/HybridKernels.h"
#include "runtime/Evaluate/Stream.h"
#include "xlstm/Support/Error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace xlstm::evaluate {

namespace {

const HybridKernels CpuKernels = {
    xlstm_cpu_hybrid_forward_workspace, xlstm_cpu_hybrid_backward_workspace,
    [](auto *shape, auto *in, auto *state, void *h, auto *saved, void *workspace, void *) {
      xlstm_cpu_hybrid_forward(shape, in, state, h, saved, workspace);
      return 0;
    },
    [](auto *shape, auto *in, auto *initial, auto *saved, const void *h, const void *dh, auto *dState, auto *out,
       void *workspace, void *) {
      xlstm_cpu_hybrid_backward(shape, in, initial, saved, h, dh, dState, out, workspace);
      return 0;
    }};

/// The operands in order: q, k, v, q_map, k_map, o, i, f, docs (undefined with state); dense, gates in float32. Kernels
/// run on the stream that is current while this lives.
struct HybridCall {
  xlstm_hybrid_shape shape;
  xlstm_hybrid_inputs inputs;
  const HybridKernels &kernels;

  HybridCall(at::ArrayRef<Tensor> x, double scale, int64_t window, int64_t sinks)
      : shape{x[0].size(0),
              x[0].size(1),
              x[0].size(2),
              x[1].size(2),
              x[0].size(3),
              window,
              sinks,
              float(scale),
              x[0].scalar_type() == at::kFloat ? XLSTM_F32 : XLSTM_BF16,
              x[0].scalar_type() == at::kFloat ? XLSTM_F32 : XLSTM_BF16,
              1},
        inputs{x[0].const_data_ptr(),
               x[1].const_data_ptr(),
               x[2].const_data_ptr(),
               x[6].const_data_ptr<float>(),
               x[7].const_data_ptr<float>(),
               x[5].const_data_ptr<float>(),
               x[3].const_data_ptr(),
               x[4].const_data_ptr(),
               x[8].defined() ? x[8].const_data_ptr<int32_t>() : nullptr},
        kernels(x[0].is_cpu() ? CpuKernels : *cudaHybridKernels()), guard(x[0].device()) {}

  Tensor workspace(size_t bytes, const Tensor &like) const {
    return at::empty({int64_t(bytes)}, like.options().dtype(at::kByte));
  }
  void forward(Tensor &h, xlstm_hybrid_saved &saved, xlstm_hybrid_state *state = nullptr) const {
    Tensor scratch = workspace(kernels.forwardWorkspace(&shape), h);
    check(kernels.forward(&shape, &inputs, state, h.mutable_data_ptr(), &saved, scratch.mutable_data_ptr(),
                          guard.stream));
  }
  void backward(xlstm_hybrid_saved &saved, const Tensor &dh, xlstm_hybrid_gradients &out) const {
    Tensor scratch = workspace(kernels.backwardWorkspace(&shape), dh);
    check(kernels.backward(&shape, &inputs, nullptr, &saved, nullptr, dh.const_data_ptr(), nullptr, &out,
                           scratch.mutable_data_ptr(), guard.stream));
  }

private:
  static void check(int error) {
    if (error)
      fail("the mixer's kernel: CUDA error ", error);
  }

  StreamGuard guard;
};

/// As HybridCall wants them.
variable_list denseOperands(variable_list x) {
  for (size_t n = 0; n < x.size(); ++n)
    if (x[n].defined())
      x[n] = (n >= 5 && n < 8 ? x[n].to(at::kFloat) : x[n]).contiguous();
  return x;
}

struct Hybrid : Function<Hybrid> {
  /// h and, where backward or the caller want it, the window branch's output.
  static variable_list forward(AutogradContext *context, const Tensor &q, const Tensor &k, const Tensor &v,
                               const Tensor &q_map, const Tensor &k_map, const Tensor &o, const Tensor &i,
                               const Tensor &f, const Tensor &docs, double scale, int64_t window, int64_t sinks,
                               bool wantsWindow, bool wantsGradient) {
    variable_list x = denseOperands({q, k, v, q_map, k_map, o, i, f, docs});
    HybridCall call(x, scale, window, sinks);
    Tensor h = at::empty_like(x[0]), output;
    variable_list kept; // a number a head and token: the window's logarithm, the memory's denominator
    xlstm_hybrid_saved saved = {};
    if (wantsGradient) {
      for (float **pointer : {&saved.window_lse, &saved.denominator}) {
        kept.push_back(at::empty({q.size(0), q.size(2), q.size(1)}, q.options().dtype(at::kFloat)));
        *pointer = kept.back().mutable_data_ptr<float>();
      }
    }
    if (wantsGradient || wantsWindow) {
      output = at::empty_like(h);
      saved.window_out = output.mutable_data_ptr();
    }
    call.forward(h, saved);
    if (wantsGradient) {
      x.insert(x.end(), kept.begin(), kept.end());
      x.push_back(wantsWindow ? output.alias() : output); // an output of this node is kept as another tensor
      context->save_for_backward(std::move(x));
      context->saved_data["scale"] = scale;
      context->saved_data["window"] = window;
      context->saved_data["sinks"] = sinks;
    }
    if (!wantsWindow)
      return {h};
    context->mark_non_differentiable({output});
    return {h, output};
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list x = context->get_saved_variables();
    HybridCall call(x, context->saved_data["scale"].toDouble(), context->saved_data["window"].toInt(),
                    context->saved_data["sinks"].toInt());
    xlstm_hybrid_saved saved = {};
    saved.window_lse = x[9].mutable_data_ptr<float>();
    saved.denominator = x[10].mutable_data_ptr<float>();
    saved.window_out = x[11].mutable_data_ptr();
    variable_list results(14);
    auto wanted = [&](size_t n) -> void * {
      if (!context->needs_input_grad(n))
        return nullptr;
      results[n] = at::empty(x[n].sizes(), x[n].options().dtype(n < 3 ? x[n].scalar_type() : at::kFloat));
      return results[n].mutable_data_ptr();
    };
    auto floats = [&](size_t n) { return static_cast<float *>(wanted(n)); };
    xlstm_hybrid_gradients out = {};
    out.q = wanted(0), out.k = wanted(1), out.v = wanted(2), out.q_map = floats(3), out.k_map = floats(4);
    out.o_gate = floats(5), out.i_gate = floats(6), out.f_gate = floats(7);
    call.backward(saved, gradients[0].contiguous(), out);
    return results; // autograd rounds those of maps and gates to their values' types
  }
};

} // namespace

bool hasHybridKernel(const HybridOperands &x) {
  at::ScalarType type = x.q.scalar_type();
  if (!(x.q.is_cpu() ? type == at::kFloat : x.q.is_cuda() && cudaHybridKernels()) ||
      (type != at::kFloat && type != at::kBFloat16))
    return false;
  for (const Tensor *operand : {&x.k, &x.v, &x.q_map, &x.k_map})
    if (operand->scalar_type() != type || operand->device() != x.q.device())
      return false;
  return x.q.numel() > 0 && x.q.size(3) % 8 == 0 && x.q.size(3) <= 256;
}

static bool wantsGradients(const HybridOperands &x) {
  bool wanted = false;
  for (const Tensor *operand : {&x.q, &x.k, &x.v, &x.q_map, &x.k_map, &x.o, &x.i, &x.f})
    wanted |= c10::GradMode::is_enabled() && operand->requires_grad();
  return wanted;
}

bool hasHybridStateKernel(const HybridOperands &x, at::ArrayRef<Tensor> state) {
  if (!hasHybridKernel(x) || wantsGradients(x))
    return false;
  for (size_t n = 0; n < state.size(); ++n)
    if (state[n].scalar_type() != (n < 3 ? at::kFloat : x.q.scalar_type()) || state[n].device() != x.q.device() ||
        (c10::GradMode::is_enabled() && state[n].requires_grad()))
      return false;
  return true;
}

HybridResult runHybridStateKernel(const HybridOperands &x, const Tensor &pos, std::vector<Tensor> &state,
                                  bool wantsWindow) {
  variable_list operands = denseOperands({x.q, x.k, x.v, x.q_map, x.k_map, x.o, x.i, x.f, Tensor()});
  HybridCall call(operands, x.scale, x.window, x.sinks);
  for (Tensor &tensor : state) // the kernel writes them
    tensor = tensor.clone(at::MemoryFormat::Contiguous);
  Tensor count = pos.to(at::kInt).clone(at::MemoryFormat::Contiguous);
  auto floats = [&](size_t n) { return state[n].mutable_data_ptr<float>(); };
  auto stored = [&](size_t n) { return n < state.size() ? state[n].mutable_data_ptr() : nullptr; };
  xlstm_hybrid_state pointers = {floats(0), floats(1), floats(2), stored(3),
                                 stored(4), stored(5), stored(6), count.mutable_data_ptr<int32_t>()};
  HybridResult result = {at::empty_like(operands[0]), wantsWindow ? at::empty_like(operands[0]) : Tensor()};
  xlstm_hybrid_saved saved = {};
  if (wantsWindow)
    saved.window_out = result.window.mutable_data_ptr();
  call.forward(result.h, saved, &pointers);
  return result;
}

HybridResult runHybridKernel(const HybridOperands &x, bool wantsWindow) {
  bool wantsGradient = wantsGradients(x);
  variable_list results = Hybrid::apply(x.q, x.k, x.v, x.q_map, x.k_map, x.o, x.i, x.f, x.docs, x.scale, x.window,
                                        x.sinks, wantsWindow, wantsGradient);
  return {results[0], wantsWindow ? results[1] : Tensor()};
}

} // namespace xlstm::evaluate

//===- Fused.cpp - small ops of training as one CUDA kernel each ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Fused.h"

#include "runtime/Evaluate/FusedLaunch.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace xlstm::evaluate {

namespace {

struct RmsNorm : Function<RmsNorm> {
  static Tensor forward(AutogradContext *context, const Tensor &input, const Tensor &weight, double eps) {
    Tensor x = input.contiguous(), w = weight.contiguous(), y = at::empty_like(x);
    int64_t n = x.size(-1), rows = x.numel() / n;
    Tensor scale = floats({rows}, x);
    launch("rms_norm", x, [&](auto &kernels, void *stream) {
      return kernels.norm(typeOf(x), x.const_data_ptr(), w.const_data_ptr(), y.mutable_data_ptr(),
                          scale.mutable_data_ptr<float>(), rows, n, float(eps), stream);
    });
    context->save_for_backward({x, w, scale});
    return y;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &w = saved[1], &scale = saved[2];
    Tensor dy = gradients[0].contiguous(), dx = at::empty_like(x), dw, work;
    int64_t n = x.size(-1), rows = scale.numel();
    if (context->needs_input_grad(1)) {
      dw = floats({n}, x);
      work = floats({cudaTrainKernels()->normWorkspace(rows, n)}, x);
    }
    launch("rms_norm's backward", x, [&](auto &kernels, void *stream) {
      return kernels.normBackward(typeOf(x), x.const_data_ptr(), w.const_data_ptr(), scale.const_data_ptr<float>(),
                                  dy.const_data_ptr(), dx.mutable_data_ptr(),
                                  dw.defined() ? dw.mutable_data_ptr<float>() : nullptr,
                                  dw.defined() ? work.mutable_data_ptr<float>() : nullptr, rows, n, stream);
    });
    return {dx, dw, {}};
  }
};

Tensor turn(const Tensor &input, const Tensor &cos, const Tensor &sin, float sign) {
  Tensor x = input.contiguous(), y = at::empty_like(x);
  launch("rope", x, [&](auto &kernels, void *stream) {
    return kernels.rotate(typeOf(x), x.const_data_ptr(), cos.const_data_ptr<float>(), sin.const_data_ptr<float>(),
                          y.mutable_data_ptr(), x.size(0) * x.size(1), x.size(2), x.size(3), sign, stream);
  });
  return y;
}

struct Rotate : Function<Rotate> {
  static Tensor forward(AutogradContext *context, const Tensor &x, const Tensor &cos, const Tensor &sin) {
    context->save_for_backward({cos, sin});
    return turn(x, cos, sin, 1);
  }
  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list saved = context->get_saved_variables();
    return {turn(gradients[0], saved[0], saved[1], -1), {}, {}};
  }
};

struct Swiglu : Function<Swiglu> {
  static Tensor forward(AutogradContext *context, const Tensor &gateInput, const Tensor &upInput) {
    Tensor gate = gateInput.contiguous(), up = upInput.contiguous(), y = at::empty_like(gate);
    int64_t n = gate.size(-1);
    launch("swiglu", gate, [&](auto &kernels, void *stream) {
      return kernels.swiglu(typeOf(gate), gate.const_data_ptr(), up.const_data_ptr(), y.mutable_data_ptr(),
                            gate.numel() / n, n, n, n, stream);
    });
    context->save_for_backward({gate, up});
    return y;
  }
  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list saved = context->get_saved_variables();
    const Tensor &gate = saved[0], &up = saved[1];
    Tensor dy = gradients[0].contiguous(), dGate = at::empty_like(gate), dUp = at::empty_like(up);
    launch("swiglu's backward", gate, [&](auto &kernels, void *stream) {
      return kernels.swigluBackward(typeOf(gate), gate.const_data_ptr(), up.const_data_ptr(), dy.const_data_ptr(),
                                    dGate.mutable_data_ptr(), dUp.mutable_data_ptr(), gate.numel(), stream);
    });
    return {dGate, dUp};
  }
};

struct OutputGate : Function<OutputGate> {
  static Tensor forward(AutogradContext *context, const Tensor &qInput, const Tensor &kInput, const Tensor &vInput,
                        const Tensor &weight, const Tensor &bias) {
    Tensor q = qInput.contiguous(), k = kInput.contiguous(), v = vInput.contiguous(), w = weight.contiguous();
    int64_t tokens = q.size(0) * q.size(1), H = q.size(2), Hkv = k.size(2), d = q.size(3);
    Tensor b = bias.contiguous(), y = floats({q.size(0), q.size(1), H}, q);
    launch("output_gate", q, [&](auto &kernels, void *stream) {
      return kernels.outputGate(typeOf(q), q.const_data_ptr(), k.const_data_ptr(), v.const_data_ptr(),
                                w.const_data_ptr(), b.const_data_ptr(), y.mutable_data_ptr<float>(), tokens, H, Hkv, d,
                                H * d, Hkv * d, Hkv * d, stream);
    });
    context->save_for_backward({q, k, v, w});
    return y;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list saved = context->get_saved_variables();
    const Tensor &q = saved[0], &k = saved[1], &v = saved[2], &w = saved[3];
    int64_t tokens = q.size(0) * q.size(1), H = q.size(2), Hkv = k.size(2), d = q.size(3);
    Tensor dy = gradients[0].contiguous(), dq, dk, dv, dw, work, db;
    if (context->needs_input_grad(0) || context->needs_input_grad(1) || context->needs_input_grad(2))
      dq = at::empty_like(q), dk = at::empty_like(k), dv = at::empty_like(v);
    if (context->needs_input_grad(3)) {
      dw = floats(w.sizes(), q);
      work = floats({cudaTrainKernels()->outputGateWorkspace(tokens, H, d)}, q);
    }
    if (context->needs_input_grad(4))
      db = dy.sum(at::IntArrayRef{0, 1});
    auto to = [](const Tensor &x) { return x.defined() ? x.mutable_data_ptr() : nullptr; };
    launch("output_gate's backward", q, [&](auto &kernels, void *stream) {
      return kernels.outputGateBackward(typeOf(q), q.const_data_ptr(), k.const_data_ptr(), v.const_data_ptr(),
                                        w.const_data_ptr<float>(), dy.const_data_ptr<float>(), to(dq), to(dk), to(dv),
                                        static_cast<float *>(to(dw)), static_cast<float *>(to(work)), tokens, H, Hkv, d,
                                        stream);
    });
    return {dq, dk, dv, dw, db};
  }
};

struct Squares : Function<Squares> {
  static variable_list forward(AutogradContext *context, const Tensor &xInput, const Tensor &yInput) {
    Tensor x = xInput.contiguous(), y = yInput.contiguous(), sums = floats({2}, x);
    Tensor work = floats({cudaTrainKernels()->squaresWorkspace(x.numel())}, x);
    launch("align_loss", x, [&](auto &kernels, void *stream) {
      return kernels.squares(typeOf(x), x.const_data_ptr(), y.const_data_ptr(), sums.mutable_data_ptr<float>(),
                             work.mutable_data_ptr<float>(), x.numel(), stream);
    });
    context->save_for_backward({x, y});
    Tensor energy = sums.select(0, 1).clone();
    context->mark_non_differentiable({energy});
    return {sums.select(0, 0).clone(), energy};
  }
  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &y = saved[1];
    Tensor g = gradients[0].to(at::kFloat).contiguous(), dx = at::empty_like(x);
    launch("align_loss's backward", x, [&](auto &kernels, void *stream) {
      return kernels.squaresBackward(typeOf(x), x.const_data_ptr(), y.const_data_ptr(), g.const_data_ptr<float>(), 2.0f,
                                     dx.mutable_data_ptr(), x.numel(), stream);
    });
    return {dx, {}};
  }
};

} // namespace

Tensor fusedRmsNorm(const Tensor &x, const Tensor &weight, double eps) {
  int64_t n = x.size(-1);
  return isTaken({&x, &weight}) && n % 8 == 0 && n <= 16384 ? RmsNorm::apply(x, weight, eps) : Tensor();
}

Tensor fusedRotate(const Tensor &x, const Tensor &cos, const Tensor &sin) {
  bool isFloat = cos.scalar_type() == at::kFloat && cos.is_contiguous() && sin.is_contiguous();
  return isTaken({&x}) && isFloat && x.dim() == 4 ? Rotate::apply(x, cos, sin) : Tensor();
}

Tensor fusedSwiglu(const Tensor &gate, const Tensor &up) {
  return isTaken({&gate, &up}) && gate.size(-1) % 8 == 0 ? Swiglu::apply(gate, up) : Tensor();
}

Tensor fusedOutputGate(const Tensor &q, const Tensor &k, const Tensor &v, const Tensor &weight, const Tensor &bias) {
  bool isFloat = weight.scalar_type() == at::kFloat && bias.scalar_type() == at::kFloat;
  return isTaken({&q, &k, &v}) && isFloat && q.size(3) % 8 == 0 ? OutputGate::apply(q, k, v, weight, bias) : Tensor();
}

std::pair<Tensor, Tensor> fusedSquares(const Tensor &x, const Tensor &y) {
  if (!isTaken({&x, &y}) || x.numel() % 8 != 0 || y.requires_grad())
    return {};
  variable_list sums = Squares::apply(x, y);
  return {sums[0], sums[1]};
}

} // namespace xlstm::evaluate

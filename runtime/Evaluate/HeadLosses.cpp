//===- HeadLosses.cpp - the head with both losses as one differentiable function ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/HeadLosses.h"

#include "runtime/Evaluate/LossKernels.h"
#include "runtime/Evaluate/Stream.h"
#include "xlstm/Support/Error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace xlstm::evaluate {

namespace {

/// What one pass over the tokens gives: losses [3] in HeadLossResult's order and the gradients of the first.
struct Computed {
  Tensor losses, dHidden, dWeight; // undefined: not wanted
};

/// Calls work(from, count) for parts of `rows` rows with at most `elements` elements of `width`, and at least `least`.
template <typename F>
void forParts(int64_t rows, int64_t width, int64_t elements, int64_t least, F work) {
  int64_t part = std::max(least, elements / std::max<int64_t>(width, 1));
  for (int64_t from = 0; from < rows; from += part)
    work(from, std::min(part, rows - from));
}

/// The pass by ATen, chunk by chunk.
class Chunks {
public:
  Chunks(const HeadLossOperands &x, bool wantsHidden, bool wantsWeight)
      : x(x), ce(like({tokens()})), kl(like({tokens()})) {
    share = (x.targets.labels_N >= 0).sum().clamp_min(1).to(ce.scalar_type()).reciprocal();
    if (wantsHidden)
      result.dHidden = at::empty_like(x.hidden_ND);
    if (wantsWeight)
      result.dWeight = at::zeros(x.weight_VD.sizes(), x.weight_VD.options());
  }

  Computed run() {
    forParts(tokens(), vocabulary(), x.chunks.elements, x.chunks.leastTokens,
             [&](int64_t from, int64_t count) { add(from, count); });
    Tensor ceMean = ce.sum() * share, klMean = kl.sum() * share;
    result.losses = at::stack({ceMean * x.targets.ceWeight + klMean * x.targets.klWeight, ceMean, klMean});
    return std::move(result);
  }

private:
  int64_t tokens() const { return x.hidden_ND.size(0); }
  int64_t vocabulary() const { return x.weight_VD.size(0); }
  Tensor like(at::IntArrayRef shape) const { return at::empty(shape, x.hidden_ND.options()); }

  void add(int64_t from, int64_t count) {
    Tensor hidden = x.hidden_ND.narrow(0, from, count);
    if (!buffer.defined())
      buffer = like({count, vocabulary()}); // no later chunk is longer
    Tensor logits = buffer.narrow(0, 0, count);
    at::mm_out(logits, hidden, x.weight_VD.t());
    if (x.logitScale != 1)
      logits.mul_(x.logitScale);
    bool wantsGradient = result.dHidden.defined() || result.dWeight.defined();
    int64_t elements = logits.is_cpu() ? x.chunks.cacheElements : logits.numel();
    forParts(count, vocabulary(), elements, 1, [&](int64_t row, int64_t rows) {
      lossRows(logits.narrow(0, row, rows), x.targets.narrow(from + row, rows), share, wantsGradient,
               ce.narrow(0, from + row, rows), kl.narrow(0, from + row, rows));
    });
    if (result.dHidden.defined()) {
      Tensor to = result.dHidden.narrow(0, from, count);
      at::mm_out(to, logits, x.weight_VD);
      if (x.logitScale != 1)
        to.mul_(x.logitScale);
    }
    if (result.dWeight.defined())
      result.dWeight.addmm_(logits.t(), hidden, 1, x.logitScale);
  }

  const HeadLossOperands &x;
  Tensor ce, kl, share, buffer; // losses a token
  Computed result;
};

/// The kernel's one pass, on the stream that is current.
Computed runKernel(const HeadLossOperands &x, bool wantsHidden, bool wantsWeight) {
  const LossTargets &targets = x.targets;
  StreamGuard guard(x.hidden_ND.device());
  Tensor hidden = x.hidden_ND.contiguous(), weight = x.weight_VD.contiguous();
  Tensor labels = targets.labels_N.to(at::kInt).contiguous(), ids = targets.ids_NK.to(at::kInt).contiguous();
  Tensor logprobs = targets.logprobs_NK.contiguous(), tail = targets.tail_N.contiguous();
  xlstm_sparse_loss_shape shape = {};
  shape.N = hidden.size(0), shape.D = hidden.size(1), shape.V = weight.size(0), shape.K = ids.size(1);
  shape.gamma = float(targets.ceWeight), shape.beta = float(targets.klWeight);
  shape.logit_scale = float(x.logitScale);
  shape.with_tail = targets.withTail;
  shape.type = hidden.scalar_type() == at::kFloat ? XLSTM_F32 : XLSTM_BF16;
  shape.weight_type = XLSTM_F32;
  xlstm_sparse_loss_inputs inputs = {hidden.const_data_ptr(),          weight.const_data_ptr(),
                                     labels.const_data_ptr<int32_t>(), ids.const_data_ptr<int32_t>(),
                                     logprobs.const_data_ptr<float>(), tail.const_data_ptr<float>()};
  Computed result;
  result.losses = at::empty({3}, logprobs.options());
  if (wantsHidden)
    result.dHidden = at::empty_like(hidden);
  if (wantsWeight)
    result.dWeight = at::empty_like(weight, weight.options().dtype(at::kFloat));
  const LossKernels &kernels = *cudaLossKernels();
  Tensor workspace = at::empty({int64_t(kernels.workspace(&shape))}, hidden.options().dtype(at::kByte));
  auto memory = [](Tensor &tensor) { return tensor.defined() ? tensor.mutable_data_ptr() : nullptr; };
  int error = kernels.losses(&shape, &inputs, 1, result.losses.mutable_data_ptr<float>(), memory(result.dHidden),
                             memory(result.dWeight), workspace.mutable_data_ptr(), guard.stream);
  if (error)
    fail("the kernel of the head's losses: CUDA error ", error);
  return result;
}

struct HeadLosses : Function<HeadLosses> {
  /// The gradient waits for its factor, which is not known here: with a large head, one product in four is saved.
  static Tensor forward(AutogradContext *context, const Tensor &hidden, const Tensor &weight,
                        const HeadLossOperands &operands, bool wantsHidden, bool wantsWeight) {
    HeadLossOperands x = operands;
    x.hidden_ND = hidden, x.weight_VD = weight;
    Computed result =
        hasHeadLossKernel(x) ? runKernel(x, wantsHidden, wantsWeight) : Chunks(x, wantsHidden, wantsWeight).run();
    context->save_for_backward({result.dHidden, result.dWeight});
    return result.losses;
  }

  /// In place: a second time is refused, as the saved gradients have changed.
  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list saved = context->get_saved_variables();
    Tensor factor = gradients[0].select(0, 0);
    for (Tensor &gradient : saved)
      if (gradient.defined())
        gradient.mul_(factor);
    return {saved[0], saved[1], {}, {}, {}}; // autograd rounds the weight's to its value's type
  }
};

} // namespace

bool hasHeadLossKernel(const HeadLossOperands &x) {
  const Tensor &hidden = x.hidden_ND, &weight = x.weight_VD;
  at::ScalarType type = hidden.scalar_type();
  return hidden.is_cuda() && cudaLossKernels() && (type == at::kFloat || type == at::kBFloat16) &&
         weight.scalar_type() == type && weight.device() == hidden.device() && hidden.size(0) > 0 &&
         hidden.size(1) > 0 && hidden.size(1) % 8 == 0 && weight.size(0) > 0 && weight.size(0) % 8 == 0 &&
         x.targets.ids_NK.size(1) <= 4096 && x.targets.logprobs_NK.scalar_type() == at::kFloat &&
         x.targets.tail_N.scalar_type() == at::kFloat;
}

HeadLossResult headLosses(const HeadLossOperands &x) {
  auto isWanted = [](const Tensor &tensor) { return c10::GradMode::is_enabled() && tensor.requires_grad(); };
  Tensor losses = HeadLosses::apply(x.hidden_ND, x.weight_VD, x, isWanted(x.hidden_ND), isWanted(x.weight_VD));
  return {losses.select(0, 0), losses.select(0, 1).detach(), losses.select(0, 2).detach()};
}

} // namespace xlstm::evaluate

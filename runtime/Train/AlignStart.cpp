//===- AlignStart.cpp - where stage I begins, measured on the teacher -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AlignStart.h"

#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Support/Error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace xlstm {
namespace {

// What is tried beside the params' own: memories of about 400 and 3,000 tokens.
constexpr double ForgetBiases[] = {6, 8};
// A gate that is shut, or open alone, learns slowly.
constexpr double LeastOpen = 0.01, MostOpen = 0.98;

const std::string OutputBias = "o_gate.bias";

/// A head's numbers, and what its memory takes off the loss by them.
struct HeadStart {
  double forget = 0, open = 0.5, worth = -1e300;
};
using Starts = std::map<std::string, std::vector<HeadStart>>; // by layer

template <typename Of>
std::vector<double> numbers(const std::vector<HeadStart> &heads, Of of) {
  std::vector<double> all;
  for (const HeadStart &head : heads)
    all.push_back(of(head));
  return all;
}

std::vector<double> asDoubles(const at::Tensor &tensor) {
  at::Tensor values = tensor.detach().cpu().to(at::kDouble).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

/// A tensor of a number a head, like `param`.
at::Tensor perHead(const std::vector<double> &values, const at::Tensor &param) {
  return at::tensor(values, at::kDouble).to(param.options());
}

void setForget(ParamMap &params, const std::string &layer, const std::vector<double> &biases) {
  at::Tensor &bias = params.at(layer + "f_gate.bias");
  bias = perHead(biases, bias);
}

class Measurement {
public:
  Measurement(const StartLoss &loss, const TokenRows &rows, int64_t atOnce, const ParamMap &params)
      : loss(loss), batches(rows.batches(atOnce)), numRows(rows.size()), params(params) {
    for (auto &[name, param] : params)
      if (name.ends_with(OutputBias)) {
        std::string layer = name.substr(0, name.size() - OutputBias.size());
        for (double forget : asDoubles(params.at(layer + "f_gate.bias")))
          starts[layer].push_back({.forget = forget});
      }
  }

  Starts run() {
    take({});
    for (double forget : ForgetBiases)
      take(forget);
    return starts;
  }

private:
  /// Gives every head this bias, or its own; where its memory is worth more then, it stays so.
  void take(std::optional<double> forget) {
    Starts tried = starts;
    ParamMap given = params;
    for (auto &[layer, heads] : tried) {
      for (HeadStart &head : heads)
        head.forget = forget.value_or(head.forget);
      setForget(given, layer, numbers(heads, [](auto &head) { return head.forget; }));
    }
    std::vector<double> half = slopes(given, 0.5), quarter = slopes(given, 0.25); // A - 2 B, A / 2 - 2 B
    size_t n = 0;
    for (auto &[layer, heads] : tried)
      for (size_t i = 0; i < heads.size(); ++i, ++n) {
        HeadStart &head = heads[i], &best = starts.at(layer)[i];
        double a = 2 * (half[n] - quarter[n]), b = (a - half[n]) / 2;
        head.open = a > 0 ? std::clamp(b / a, LeastOpen, MostOpen) : LeastOpen;
        head.worth = 2 * head.open * b - head.open * head.open * a;
        if (head.worth > best.worth)
          best = head;
      }
  }

  /// dL/do of every head where all gates stand at `open`.
  std::vector<double> slopes(ParamMap given, double open) const {
    c10::AutoGradMode grad(true);
    for (const auto &[layer, heads] : starts) {
      at::Tensor &bias = given.at(layer + OutputBias);
      bias = at::full_like(bias, std::log(open / (1 - open))).set_requires_grad(true);
    }
    int64_t number = 0;
    for (const TokenRows &batch : batches)
      if (Group::world().isMine(number++))
        (loss(batch, given) * (double(batch.size()) / double(numRows))).backward();
    std::vector<double> all;
    for (const auto &[layer, heads] : starts) {
      at::Tensor slope = given.at(layer + OutputBias).grad(); // none on a rank that had no rows
      for (double value : slope.defined() ? asDoubles(slope) : std::vector<double>(heads.size()))
        all.push_back(value / (open * (1 - open)));
    }
    return Group::world().sum(std::move(all));
  }

  const StartLoss &loss;
  std::vector<TokenRows> batches;
  int64_t numRows;
  const ParamMap &params;
  Starts starts;
};

} // namespace

Json measureStart(const StartLoss &loss, const TokenRows &rows, int64_t atOnce, const ParamMap &params) {
  Json found = Json::object();
  for (const auto &[layer, heads] : Measurement(loss, rows, atOnce, params).run())
    found[layer] = {{"forget", numbers(heads, [](auto &head) { return head.forget; })},
                    {"output", numbers(heads, [](auto &head) { return std::log(head.open / (1 - head.open)); })}};
  return found;
}

void setStart(const Json &found, const std::string &origin, ParamMap &initial) {
  for (auto &[name, param] : initial) {
    if (!name.ends_with(OutputBias))
      continue;
    std::string layer = name.substr(0, name.size() - OutputBias.size());
    auto of = [&](const char *what) {
      Json list = found.is_object() && found.contains(layer) && found[layer].is_object()
                      ? found[layer].value(what, Json())
                      : Json();
      if (!list.is_array() || int64_t(list.size()) != param.numel() ||
          !std::all_of(list.begin(), list.end(), [](auto &number) { return number.is_number(); }))
        fail(origin, ": '", layer, "': '", what, "': expected a list of ", param.numel(), " numbers, found ",
             list.dump());
      return list.get<std::vector<double>>();
    };
    setForget(initial, layer, of("forget"));
    param = perHead(of("output"), param);
  }
}

} // namespace xlstm

//===- OnnxMovement.cpp - ONNX shapes, moved elements, reductions ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/OnnxOps.h"

#include "xlstm/Support/Error.h"

#include <ATen/ATen.h>
#include <ATen/ExpandUtils.h>

#include <algorithm>

using at::Tensor;

namespace xlstm::evaluate {

static Tensor integers(const std::vector<int64_t> &values) { return at::tensor(values, at::kLong); }

static Tensors shape(const OnnxCall &call) {
  int64_t rank = call.in(0).dim();
  auto clamp = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  int64_t start = clamp(call.integer("start", 0)), end = std::max(start, clamp(call.integer("end", rank)));
  std::vector<int64_t> sizes = call.in(0).sizes().vec();
  return {integers({sizes.begin() + start, sizes.begin() + end})};
}

static Tensors reshape(const OnnxCall &call) {
  std::vector<int64_t> target = call.list("", 1);
  for (size_t i = 0; i < target.size(); ++i)
    if (target[i] == 0 && call.integer("allowzero", 0) == 0)
      target[i] = call.in(0).size(static_cast<int64_t>(i));
  return {call.in(0).reshape(target)};
}

static Tensors transpose(const OnnxCall &call) {
  std::vector<int64_t> perm = call.list("perm", call.inputs.size());
  for (int64_t i = call.in(0).dim(); perm.size() < static_cast<size_t>(call.in(0).dim());)
    perm.push_back(--i);
  return {call.in(0).permute(perm)};
}

static Tensors unsqueeze(const OnnxCall &call) {
  std::vector<int64_t> axes = call.list("axes", 1);
  int64_t rank = call.in(0).dim() + static_cast<int64_t>(axes.size());
  for (int64_t &axis : axes)
    axis += axis < 0 ? rank : 0;
  std::ranges::sort(axes);
  Tensor result = call.in(0);
  for (int64_t axis : axes)
    result = result.unsqueeze(axis);
  return {result};
}

static Tensors squeeze(const OnnxCall &call) {
  std::vector<int64_t> axes = call.list("axes", 1);
  return {axes.empty() ? call.in(0).squeeze() : call.in(0).squeeze(axes)};
}

static Tensors flatten(const OnnxCall &call) {
  const Tensor &x = call.in(0);
  int64_t axis = call.integer("axis", 1), rows = 1;
  axis += axis < 0 ? x.dim() : 0;
  for (int64_t i = 0; i < axis; ++i)
    rows *= x.size(i);
  return {x.reshape({rows, rows == 0 ? 0 : x.numel() / rows})};
}

static Tensors expand(const OnnxCall &call) {
  return {call.in(0).expand(at::infer_size(call.in(0).sizes(), call.list("", 1)))};
}

/// A cache of no tokens may leave open how many channels it has.
static Tensors concat(const OnnxCall &call) {
  Tensors parts;
  for (const Tensor &input : call.inputs)
    if (input.numel() != 0)
      parts.push_back(input);
  return {parts.empty() ? call.in(0) : at::cat(parts, call.integer("axis", 0))};
}

static Tensors slice(const OnnxCall &call) {
  std::vector<int64_t> starts = call.list("starts", 1), ends = call.list("ends", 2), axes = call.list("axes", 3),
                       steps = call.list("steps", 4);
  Tensor result = call.in(0);
  for (size_t i = 0; i < starts.size(); ++i) {
    int64_t axis = axes.empty() ? static_cast<int64_t>(i) : axes[i], step = steps.empty() ? 1 : steps[i];
    int64_t size = result.size(axis), start = starts[i], end = ends[i];
    start += start < 0 ? size : 0;
    end += end < 0 ? size : 0;
    start = std::clamp<int64_t>(start, 0, step > 0 ? size : size - 1);
    end = std::clamp<int64_t>(end, step > 0 ? 0 : -1, size);
    if ((step > 0) != (start < end))
      end = start;
    result = result.index_select(axis, at::arange(start, end, step, at::kLong));
  }
  return {result};
}

static Tensors split(const OnnxCall &call) {
  int64_t axis = call.integer("axis", 0), parts = call.op->getNumResults(), size = call.in(0).size(axis);
  std::vector<int64_t> sizes = call.list("split", 1);
  for (int64_t i = 0, most = (size + parts - 1) / parts; sizes.size() < static_cast<size_t>(parts); ++i)
    sizes.push_back(std::min(most, size - i * most));
  return call.in(0).split_with_sizes(sizes, axis);
}

static Tensors gather(const OnnxCall &call) {
  const Tensor &data = call.in(0), &indices = call.in(1);
  int64_t axis = call.integer("axis", 0);
  axis += axis < 0 ? data.dim() : 0;
  Tensor flat = at::where(indices < 0, indices + data.size(axis), indices).reshape({-1});
  std::vector<int64_t> sizes = data.sizes().vec();
  sizes.erase(sizes.begin() + axis);
  sizes.insert(sizes.begin() + axis, indices.sizes().begin(), indices.sizes().end());
  return {data.index_select(axis, flat).reshape(sizes)};
}

static Tensors gatherND(const OnnxCall &call) {
  if (call.integer("batch_dims", 0) != 0)
    fail("expected batch_dims 0");
  c10::List<std::optional<Tensor>> indices;
  for (const Tensor &index : call.in(1).unbind(-1))
    indices.push_back(index);
  return {call.in(0).index(indices)};
}

static Tensors range(const OnnxCall &call) {
  at::Scalar start = call.in(0).item(), end = call.in(1).item(), step = call.in(2).item();
  return {at::arange(start, end, step, call.in(0).scalar_type())};
}

static Tensors trilu(const OnnxCall &call) {
  int64_t shift = call.has(1) ? call.in(1).item<int64_t>() : 0;
  return {call.integer("upper", 1) != 0 ? at::triu(call.in(0), shift) : at::tril(call.in(0), shift)};
}

static Tensors cumSum(const OnnxCall &call) {
  if (call.integer("exclusive", 0) != 0 || call.integer("reverse", 0) != 0)
    fail("expected exclusive and reverse to be 0");
  return {at::cumsum(call.in(0), call.in(1).item<int64_t>())};
}

template <bool isMean>
Tensors reduce(const OnnxCall &call) {
  std::vector<int64_t> axes = call.list("axes", 1);
  if (axes.empty() && call.integer("noop_with_empty_axes", 0) != 0)
    return {call.in(0)};
  if (axes.empty())
    for (int64_t axis = 0; axis < call.in(0).dim(); ++axis)
      axes.push_back(axis);
  bool keep = call.integer("keepdims", 1) != 0;
  return {isMean ? at::mean(call.in(0), axes, keep) : at::sum(call.in(0), axes, keep)};
}

static Tensors softmax(const OnnxCall &call) { return {at::softmax(call.in(0), call.integer("axis", -1))}; }

void addOnnxMovement(OnnxTable &table) {
  table["Shape"] = shape;
  table["Reshape"] = reshape;
  table["Transpose"] = transpose;
  table["Unsqueeze"] = unsqueeze;
  table["Squeeze"] = squeeze;
  table["Flatten"] = flatten;
  table["Expand"] = expand;
  table["Tile"] = [](const OnnxCall &c) -> Tensors { return {c.in(0).repeat(c.list("", 1))}; };
  table["Concat"] = concat;
  table["Slice"] = slice;
  table["Split"] = split;
  table["Gather"] = gather;
  table["GatherND"] = gatherND;
  table["Range"] = range;
  table["Trilu"] = trilu;
  table["CumSum"] = cumSum;
  table["ReduceMean"] = reduce<true>;
  table["ReduceSum"] = reduce<false>;
  table["Softmax"] = softmax;
}

} // namespace xlstm::evaluate

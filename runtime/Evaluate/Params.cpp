//===- Params.cpp - weights between files and tensors ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Evaluate/ScalarType.h"
#include "xlstm/Runtime/Files/ForgetPages.h"

#include "xlstm/Support/Error.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>

#include <cmath>
#include <cstring>
#include <random>

using at::Tensor;

namespace xlstm {

at::ScalarType scalarType(DType type) {
  switch (type) {
  case DType::F64:
    return at::kDouble;
  case DType::F32:
    return at::kFloat;
  case DType::F16:
    return at::kHalf;
  case DType::BF16:
    return at::kBFloat16;
  case DType::I64:
    return at::kLong;
  case DType::I32:
    return at::kInt;
  case DType::I16:
    return at::kShort;
  case DType::I8:
    return at::kChar;
  case DType::U16:
    return at::kUInt16;
  case DType::U8:
    return at::kByte;
  case DType::Bool:
    return at::kBool;
  }
  fail("unknown element type");
}

Tensor toTensor(const StoredTensor &stored) {
  Tensor tensor = at::empty(stored.spec.shape, scalarType(stored.spec.dtype));
  if (!stored.bytes.empty())
    std::memcpy(tensor.mutable_data_ptr(), stored.bytes.data(), stored.bytes.size());
  if (stored.file) // a mapping: all of it would count as memory beside the copies
    forgetPages(stored.bytes);
  return tensor;
}

ParamMap loadParams(const FunctionSpec &function, const WeightFiles &weights, at::ScalarType type, bool all,
                    c10::Device device) {
  ParamMap params;
  for (const ParamSpec &param : function.params) {
    const StoredTensor &stored = weights.get(param.tensor.name);
    if (stored.spec.shape != param.tensor.shape || stored.spec.dtype != param.tensor.dtype)
      fail(weights.folder().string(), ": tensor '", param.tensor.name, "': @", function.name, " expects ",
           describe(param.tensor), ", found ", describe(stored.spec));
    bool isOwn = type == at::kFloat && param.isRounded;
    params[param.tensor.name] = toTensor(stored).to(device, isOwn ? scalarType(stored.spec.dtype) : type);
  }
  if (all)
    for (const auto &[name, stored] : weights.tensors())
      if (!params.count(name))
        fail(weights.folder().string(), ": tensor '", name, "' is not read by @", function.name);
  return params;
}

/// Independent numbers between plus and minus 1 / sqrt(last dimension), the same for the same name everywhere.
static Tensor uniformOf(const TensorSpec &spec, at::ScalarType type) {
  uint64_t seed = 0xcbf29ce484222325; // FNV-1a
  for (unsigned char c : spec.name)
    seed = (seed ^ c) * 0x100000001b3;
  std::mt19937_64 random(seed);
  Tensor values = at::empty(spec.shape, at::kDouble);
  double bound = spec.shape.empty() ? 1 : 1 / std::sqrt(double(std::max<int64_t>(spec.shape.back(), 1)));
  for (double &value : std::span(values.mutable_data_ptr<double>(), size_t(values.numel())))
    value = bound * (double(random() >> 11) * 0x1p-52 - 1);
  return values.to(type);
}

ParamMap initialParams(const FunctionSpec &function, at::ScalarType type) {
  ParamMap params;
  for (const auto &[tensor, init, isRounded] : function.params) {
    if (!init)
      continue;
    if (const double *number = std::get_if<double>(&*init)) {
      params[tensor.name] = at::full(tensor.shape, *number, type);
      continue;
    }
    if (std::get<std::string>(*init) == "uniform") {
      params[tensor.name] = uniformOf(tensor, type);
      continue;
    }
    if (tensor.shape.size() < 2)
      fail("tensor '", tensor.name, "': init \"identity\" expects at least two dimensions");
    int64_t rows = tensor.shape.end()[-2], columns = tensor.shape.end()[-1];
    params[tensor.name] = at::eye(rows, columns, type).expand(tensor.shape).contiguous();
  }
  return params;
}

void saveParams(const std::filesystem::path &file, const std::vector<ParamSpec> &specs, const ParamMap &params) {
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const ParamSpec &spec : specs) {
    auto found = params.find(spec.tensor.name);
    if (found == params.end())
      fail(file.string(), ": tensor '", spec.tensor.name, "' to be written is missing");
    if (found->second.sizes() != at::IntArrayRef(spec.tensor.shape))
      fail(file.string(), ": tensor '", spec.tensor.name, "': expected shape ", at::IntArrayRef(spec.tensor.shape),
           ", found ", found->second.sizes());
    tensors.emplace_back(spec.tensor.name, found->second.detach().to(scalarType(spec.tensor.dtype)));
  }
  saveTensors(file, tensors);
}

static DType dtypeOf(const std::string &name, const Tensor &tensor) {
  for (DType type : {DType::F64, DType::F32, DType::F16, DType::BF16, DType::I64, DType::I32, DType::I16, DType::I8,
                     DType::U16, DType::U8, DType::Bool})
    if (scalarType(type) == tensor.scalar_type())
      return type;
  fail("tensor '", name, "': ", tensor.toString(), " cannot be stored");
}

void saveTensors(const std::filesystem::path &file, const std::vector<std::pair<std::string, Tensor>> &tensors,
                 const std::map<std::string, std::string> &metadata) {
  std::vector<TensorSpec> specs;
  for (const auto &[name, tensor] : tensors)
    specs.push_back({name, dtypeOf(name, tensor), tensor.sizes().vec()});
  SafetensorsWriter writer(file, specs, metadata);
  for (const auto &[name, tensor] : tensors) {
    Tensor dense = tensor.detach().cpu().contiguous();
    writer.append({static_cast<const std::byte *>(dense.const_data_ptr()), dense.nbytes()});
  }
  writer.commit();
}

} // namespace xlstm

//===- VerifyRaise.cpp - is a raised module what the graph computes? ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "VerifyRaise.h"

#include "xlstm/Onnx/Graph.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <limits>

namespace fs = std::filesystem;

namespace xlstm {
namespace {

const std::map<std::string, std::string> kindNames = {
    {"lm.embed", "embedding"},     {"lm.linear", "projection"}, {"lm.rms_norm", "RMSNorm"}, {"lm.rope", "RoPE"},
    {"lm.attention", "attention"}, {"lm.swiglu", "gated MLP"},  {"lm.add", "residual sum"}};

/// What the raised module computed for its noted ops.
class NotedValues : public EvalObserver {
public:
  struct Entry {
    std::string node, op;
    at::Tensor value;
  };
  std::vector<Entry> entries;

  void onNode(const std::string &node, const std::string &op, const at::Tensor &value) override {
    entries.push_back({node, op, value});
  }
};

/// Which output of a node an op raised from it has; nothing where it is a part of a fused node.
std::optional<size_t> outputOf(const std::string &type, const std::string &op) {
  if (type == "microsoft.SkipSimplifiedLayerNormalization")
    return op == "lm.rms_norm" ? std::optional<size_t>(0) : op == "lm.add" ? std::optional<size_t>(3) : std::nullopt;
  if (type == "microsoft.GroupQueryAttention" || type == "microsoft.MultiHeadAttention" || type == "Attention")
    return op == "lm.attention" ? std::optional<size_t>(0) : std::nullopt;
  return type == "Split" ? std::nullopt : std::optional<size_t>(0);
}

/// The largest difference, relative to the largest value. Heads may be before or behind tokens, or merged; the node may
/// have the last position alone.
double relativeError(at::Tensor raised, const at::Tensor &node) {
  if (raised.dim() == 3 && raised.size(1) > 1 && node.numel() * raised.size(1) == raised.numel())
    raised = raised.select(1, -1);
  if (raised.numel() != node.numel())
    return std::numeric_limits<double>::infinity();
  auto errorOf = [&](const at::Tensor &value) {
    double scale = std::max(node.abs().max().item<double>(), 1e-30);
    double error = (value.reshape(node.sizes()) - node).abs().max().item<double>() / scale;
    return error == error ? error : std::numeric_limits<double>::infinity();
  };
  double error = errorOf(raised);
  if (raised.dim() == 4)
    error = std::min(error, errorOf(raised.transpose(1, 2)));
  return error;
}

/// The elements as a tensor of ATen, which does not own them.
at::Tensor view(const OnnxValue &value) {
  return at::from_blob(const_cast<double *>(value.elements->data()), value.shape, at::kDouble);
}

std::vector<double> elementsOf(const at::Tensor &tensor) {
  at::Tensor wide = tensor.to(at::kDouble).contiguous();
  return {wide.data_ptr<double>(), wide.data_ptr<double>() + wide.numel()};
}

/// Ids that depend on nothing but their place.
at::Tensor randomIds(int64_t batch, int64_t tokens, int64_t vocab) {
  at::Tensor ids = at::empty({batch, tokens}, at::kLong);
  uint64_t state = 88172645463325252u;
  for (int64_t i = 0; i < ids.numel(); ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    ids.data_ptr<int64_t>()[i] = static_cast<int64_t>(state % static_cast<uint64_t>(vocab));
  }
  return ids;
}

class Comparison {
public:
  Comparison(const OnnxModel &onnx, const Program &raised, const ParamMap &params, const std::string &origin)
      : onnx(onnx), graph(OnnxGraph::parse(onnx.bytecode(), origin)), raised(raised), params(params) {}

  void run(int64_t batch, int64_t tokens);
  std::vector<RaisedRegion> regions() const;
  const OnnxGraph &unlifted() const { return graph; }

private:
  void compareNode(const OnnxNodeRun &run, const NotedValues &values);
  void note(size_t place, const std::string &kind, const std::string &node, double error);

  const OnnxModel &onnx;
  OnnxGraph graph;
  const Program &raised;
  const ParamMap &params;
  std::map<size_t, RaisedRegion> found; // by the op's place in the module
  double tolerance = 1e-4;
};

void Comparison::note(size_t place, const std::string &kind, const std::string &node, double error) {
  RaisedRegion &region = found[place];
  region.kind = kind;
  region.node = node;
  region.error = std::max(region.error, error);
}

void Comparison::compareNode(const OnnxNodeRun &run, const NotedValues &values) {
  for (size_t i = 0; i < values.entries.size(); ++i) {
    const NotedValues::Entry &entry = values.entries[i];
    if (entry.node != run.name)
      continue;
    std::optional<size_t> output = outputOf(run.type, entry.op);
    if (!output || *output >= run.outputs.size() || !run.outputs[*output].elements)
      continue;
    std::string node = "node '" + run.name + "' (" + run.type + (run.scope.empty() ? "" : ", in " + run.scope) + ")";
    note(i, kindNames.at(entry.op), node, relativeError(entry.value, view(run.outputs[*output])));
  }
}

void Comparison::run(int64_t batch, int64_t tokens) {
  int64_t vocab = raised.function("model").results.at(0).shape.at(2);
  at::Tensor ids = randomIds(batch, tokens, vocab);
  NotedValues values;
  EvalOptions options;
  options.type = at::kDouble;
  options.observer = &values;
  at::Tensor docs = at::zeros(ids.sizes(), at::kInt);
  at::Tensor logits = raised.run("model", {ids, docs}, params, options).at(0);
  auto weights = [&](const std::string &name) {
    StoredTensor stored = onnx.tensor(name);
    if (stored.spec.dtype == DType::F16)
      tolerance = std::max(tolerance, 4e-3);
    if (stored.spec.dtype == DType::BF16)
      tolerance = std::max(tolerance, 3e-2);
    return elementsOf(toTensor(stored));
  };
  OnnxValue given{{batch, tokens}, std::make_shared<const std::vector<double>>(elementsOf(ids))};
  OnnxValue expected = graph.run(given, weights, [&](const OnnxNodeRun &run) { compareNode(run, values); });
  note(values.entries.size(), "logits", "the graph's output", relativeError(logits, view(expected)));
}

std::vector<RaisedRegion> Comparison::regions() const {
  std::vector<RaisedRegion> result;
  for (auto [place, region] : found) {
    region.tolerance = tolerance;
    result.push_back(region);
  }
  return result;
}

} // namespace

std::vector<RaisedRegion> compareRaised(const OnnxModel &onnx, const Program &raised, const ParamMap &params,
                                        const std::string &origin) {
  c10::NoGradGuard noGrad;
  Comparison comparison(onnx, raised, params, origin);
  int64_t batch = comparison.unlifted().batch(), tokens = comparison.unlifted().tokens();
  for (auto [rows, length] : {std::pair<int64_t, int64_t>(1, 5), {2, 33}, {1, 70}}) {
    comparison.run(batch < 0 ? rows : batch, tokens < 0 ? length : tokens);
    if (tokens >= 0)
      break; // one length is all that there is
  }
  return comparison.regions();
}

void reportRaised(std::ostream &out, const std::vector<RaisedRegion> &regions, const std::string &origin) {
  const RaisedRegion *wrong = nullptr;
  for (const RaisedRegion &region : regions) {
    bool isWrong = !(region.error <= region.tolerance);
    char line[64];
    std::snprintf(line, sizeof(line), "%-13s %9.2e  ", region.kind.c_str(), region.error);
    out << line << escapeControls(region.node) << (isWrong ? "  WRONG" : "") << '\n';
    if (isWrong && !wrong)
      wrong = &region;
  }
  if (wrong)
    fail(origin, ": ", wrong->node, ": ", wrong->kind, ": expected the raised module to agree within ",
         wrong->tolerance, ", found a relative error of ", wrong->error);
}

std::vector<std::string> importVerified(const fs::path &source, const fs::path &output) {
  OnnxModel onnx = OnnxModel::open(source);
  std::string noted = rewriteModule(onnx.bytecode(), source.string(), "xlstm-raise-pipeline,xlstm-note-nodes");
  {
    ScratchFolder scratch(output);
    onnx.writeBundle(noted, scratch.path() / "bundle");
    Bundle bundle = Bundle::open(scratch.path() / "bundle");
    Program raised = Program::load(bundle.modelFile());
    ParamMap params = loadParams(raised.function("model"), bundle.weights, at::kDouble);
    std::vector<RaisedRegion> regions = compareRaised(onnx, raised, params, source.string());
    reportRaised(std::cout, regions, source.string());
  }
  return onnx.writeBundle(rewriteModule(onnx.bytecode(), source.string(), "xlstm-raise-pipeline"), output);
}

} // namespace xlstm

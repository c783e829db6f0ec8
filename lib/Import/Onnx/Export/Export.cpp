//===- Export.cpp - from a bundle to an ONNX file -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/ModelFile.h"
#include "lib/Import/Onnx/Export/Ops.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <limits>

using namespace mlir;
namespace fs = std::filesystem;

namespace xlstm {

constexpr int opset = 18, irVersion = 8;

static void writeModel(const Bundle &bundle, const fs::path &folder) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<lm::LMDialect, xlstm::XLSTMDialect>();
  std::string origin = bundle.modelFile().string();
  OwningOpRef<ModuleOp> module = readModelFile(context, origin);
  auto model = module->lookupSymbol<lm::ModelOp>("model");

  AtomicFile data(folder / "model.onnx_data");
  OnnxGraphWriter graph("xlstm", data, "model.onnx_data");
  OnnxModelWriter(graph, bundle.weights, origin).write(model);
  data.commit();

  ::onnx::ModelProto file;
  file.set_ir_version(irVersion);
  file.set_producer_name("xlstm");
  file.add_opset_import()->set_version(opset);
  bool isContributed = std::ranges::any_of(graph.graph.node(), [](const auto &node) { return node.has_domain(); });
  if (isContributed) {
    auto &own = *file.add_opset_import();
    own.set_domain(OnnxGraphWriter::contributed);
    own.set_version(1);
  }
  file.mutable_graph()->Swap(&graph.graph);
  std::string bytes;
  if (file.ByteSizeLong() > std::numeric_limits<int32_t>::max() || !file.SerializeToString(&bytes))
    fail(origin, ": cannot be exported to ONNX: the graph is larger than the 2 GiB of a protobuf message");
  AtomicFile out(folder / "model.onnx");
  out.write(bytes);
  out.commit();
}

void exportOnnx(const fs::path &source, const fs::path &output, const ExportOptions &options) {
  writeExport(source, output, options,
              [](const Bundle &bundle, const fs::path &folder) { writeModel(bundle, folder); });
}

} // namespace xlstm

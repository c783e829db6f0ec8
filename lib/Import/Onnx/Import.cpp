//===- Import.cpp - from an ONNX file to a bundle -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Import/Onnx.h"

#include "dialects/LM/LMDialect.h"
#include "lib/Import/Onnx/Dequantise.h"
#include "lib/Import/Onnx/ModuleBuilder.h"
#include "lib/Import/Onnx/WeightMap.h"
#include "lib/Import/Tokenizer/CompleteTokenizer.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include <algorithm>

using namespace mlir;
namespace fs = std::filesystem;

namespace xlstm {

struct OnnxModel::Impl {
  std::unique_ptr<OnnxFile> file;
  MLIRContext context{MLIRContext::Threading::DISABLED};
  OwningOpRef<ModuleOp> module;
  std::map<std::string, OnnxTensor> unpacked; // those that somebody asked for
};

OnnxModel::OnnxModel(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
OnnxModel::~OnnxModel() = default;
OnnxModel::OnnxModel(OnnxModel &&) noexcept = default;

/// The first error that MLIR reports while this lives.
namespace {
class FirstError : public ScopedDiagnosticHandler {
public:
  explicit FirstError(MLIRContext *context) : ScopedDiagnosticHandler(context) {
    setHandler([this](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error && text.empty())
        text = diagnostic.str();
      return success();
    });
  }
  std::string text;
};
} // namespace

/// Verifies node by node, so that an error says which node of the file it is about.
static void verifyNodes(ModuleOp module, const std::string &name) {
  FirstError error(module.getContext());
  std::string node;
  module.walk([&](Operation *op) {
    if (!op->hasTrait<onnx::Node>() || succeeded(verify(op)))
      return WalkResult::advance();
    node = onnx::describeNode(op);
    return WalkResult::interrupt();
  });
  if (node.empty() && succeeded(verify(module)))
    return;
  StringRef text = error.text;
  if (text.consume_front("'"))
    text = text.substr(text.find("op ") + 3);
  fail(name, ": ", node, text.str());
}

OnnxModel OnnxModel::open(const fs::path &file) {
  auto impl = std::make_unique<Impl>();
  impl->file = OnnxFile::open(file);
  impl->context.loadDialect<onnx::ONNXDialect>();
  impl->module = buildModule(&impl->context, *impl->file);
  verifyNodes(*impl->module, impl->file->name());
  return OnnxModel(std::move(impl));
}

std::string OnnxModel::text() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  impl->module->print(stream);
  stream << '\n';
  return text;
}

std::string OnnxModel::bytecode() const {
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  if (failed(writeBytecodeToFile(*impl->module, stream)))
    fail(impl->file->name(), ": the module cannot be written as bytecode");
  return bytes;
}

StoredTensor OnnxModel::tensor(const std::string &name) const {
  auto it = impl->file->tensors().find(name);
  if (it == impl->file->tensors().end())
    fail(impl->file->name(), ": expected an initializer ", quote(name), ", found none");
  const OnnxTensor *tensor = &it->second;
  if (!isPlain(*tensor))
    tensor = &impl->unpacked.try_emplace(name, plain(*tensor)).first->second;
  return {tensor->spec, tensor->bytes, tensor->file};
}

/// What config.json knows and the graph does not.
static void applyConfig(ModuleOp module, const fs::path &folder) {
  Json config = findJsonFile(folder / "config.json");
  for (auto model : module.getOps<lm::ModelOp>()) {
    if (auto it = config.find("max_position_embeddings"); it != config.end() && it->is_number_unsigned())
      model.setContextLength(it->get<int64_t>());
    if (auto it = config.find("model_type"); it != config.end() && it->is_string())
      model.setFamily(it->get<std::string>());
  }
}

static void narrowParams(ModuleOp module) {
  module.walk([](lm::ParamOp param) {
    auto type = cast<RankedTensorType>(param.getType());
    if (type.getElementType().isF32())
      param.getResult().setType(type.clone(BFloat16Type::get(param.getContext())));
  });
}

/// The model's token ids: the last size of its logits.
static int64_t countIds(ModuleOp module) {
  int64_t ids = std::numeric_limits<int32_t>::max();
  for (auto model : module.getOps<lm::ModelOp>())
    if (Type result = model.getFunctionType().getResult(0); isa<RankedTensorType>(result))
      ids = cast<RankedTensorType>(result).getShape().back();
  return ids;
}

std::vector<std::string> OnnxModel::writeBundle(std::string_view raised, const fs::path &output) const {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<lm::LMDialect, onnx::ONNXDialect>();
  FirstError error(&context);
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(StringRef(raised.data(), raised.size()), ParserConfig(&context));
  const OnnxFile &file = *impl->file;
  if (!module)
    fail(file.name(), ": the raised module does not parse: ", error.text);
  std::vector<WeightSource> weights = takeWeightMap(*module, file);
  bool narrow = fitBfloat16(weights);
  if (narrow)
    narrowParams(*module);
  fs::path folder = file.path().has_parent_path() ? file.path().parent_path() : fs::path(".");
  applyConfig(*module, folder);
  if (failed(verify(*module)))
    fail(file.name(), ": the raised module does not verify: ", error.text);
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  stream << '\n';

  CompleteTokenizer tokenizer = completeTokenizer(folder, countIds(*module));
  checkBundleOutput(output, {file.path()});
  AtomicDirectory directory(output);
  writeTextFile(directory.path() / "model.mlir", text);
  writeWeights(directory.path() / "model.safetensors", weights, narrow);
  carryModelFiles(folder, directory.path());
  tokenizer.write(directory.path());
  writeBundleManifest(directory.path(), "teacher", "ONNX file, opset " + std::to_string(file.opset()));
  directory.commit();
  return tokenizer.warnings;
}

std::vector<std::string> importOnnx(const fs::path &model, const fs::path &output, const RaiseFunction &raise) {
  try {
    OnnxModel onnx = OnnxModel::open(model);
    return onnx.writeBundle(raise(onnx.bytecode(), model.string()), output);
  } catch (const fs::filesystem_error &error) {
    fail(error.path1().string(), ": ", error.code().message());
  }
}

} // namespace xlstm

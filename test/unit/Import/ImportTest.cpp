//===- ImportTest.cpp - Hugging Face folders become bundles ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Import/Import.h"

#include "Teachers.h"
#include "dialects/LM/LMDialect.h"
#include "lib/Import/HuggingFace/Config.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

#include <cstring>
#include <functional>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

const fs::path teachers = XLSTM_TEST_INPUTS "/hf";

/// A module's text, parsed and verified.
class Parsed {
public:
  explicit Parsed(const fs::path &file) {
    context.loadDialect<lm::LMDialect>();
    module = mlir::parseSourceFile<mlir::ModuleOp>(file.string(), &context);
  }
  lm::ModelOp model() { return *module->getOps<lm::ModelOp>().begin(); }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// "name BF16 [2, 3]" of every param and of every stored tensor.
std::set<std::string> paramsOf(lm::ModelOp model) {
  std::set<std::string> result;
  model.walk([&](lm::ParamOp param) {
    auto type = mlir::cast<mlir::RankedTensorType>(param.getType());
    DType dtype = type.getElementType().isBF16()  ? DType::BF16
                  : type.getElementType().isF16() ? DType::F16
                                                  : DType::F32;
    TensorSpec spec{param.getName().str(), dtype, type.getShape().vec()};
    result.insert(spec.name + " " + describe(spec));
  });
  return result;
}

std::set<std::string> tensorsOf(const WeightFiles &weights) {
  std::set<std::string> result;
  for (const auto &[name, tensor] : weights.tensors())
    result.insert(name + " " + describe(tensor.spec));
  return result;
}

std::string errorOf(const fs::path &folder, const fs::path &output) {
  try {
    importHuggingFace(folder, output);
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

/// Writes all tensors of a folder, under the names that `rename` gives them, and `extra`, as one file into `to`.
void rewriteWeights(const fs::path &from, const fs::path &to, const std::vector<StoredTensor> &extra,
                    const std::function<std::string(std::string)> &rename = std::identity()) {
  WeightFiles weights = WeightFiles::open(from);
  std::vector<StoredTensor> all = extra;
  for (const auto &[name, tensor] : weights.tensors()) {
    all.push_back(tensor);
    all.back().spec.name = rename(name);
  }
  std::vector<TensorSpec> specs;
  for (const StoredTensor &tensor : all)
    specs.push_back(tensor.spec);
  SafetensorsWriter writer(to / "model.safetensors", specs);
  for (const StoredTensor &tensor : all)
    writer.append(tensor.bytes);
  writer.commit();
}

class EveryTeacher : public testing::TestWithParam<std::string> {};

} // namespace

TEST_P(EveryTeacher, becomesABundleWhoseModelReadsItsTensors) {
  TemporaryFolder folder;
  importHuggingFace(teachers / GetParam(), folder.path / "bundle");
  Bundle bundle = Bundle::open(folder.path / "bundle");
  EXPECT_EQ(bundle.kind, "teacher");
  EXPECT_TRUE(fs::exists(bundle.tokenizerFile()));
  EXPECT_TRUE(fs::exists(bundle.folder / "config.json"));
  EXPECT_EQ(tensorsOf(bundle.weights), tensorsOf(WeightFiles::open(teachers / GetParam())));

  Parsed parsed(bundle.modelFile());
  ASSERT_TRUE(parsed.module);
  lm::ModelOp model = parsed.model();
  EXPECT_EQ(paramsOf(model), tensorsOf(bundle.weights));
  EXPECT_EQ(model.getName().str(), "model");

  TeacherConfig config = readTeacherConfig(teachers / GetParam() / "config.json");
  EXPECT_EQ(model.getFamily()->str(), config.family->modelType);
  EXPECT_EQ(static_cast<int64_t>(*model.getContextLength()), config.contextLength);
  ASSERT_EQ(model.getLayers().size(), config.layers.size());
}

TEST_P(EveryTeacher, keepsItsRotationsToTheLastBit) {
  TemporaryFolder folder;
  importHuggingFace(teachers / GetParam(), folder.path / "bundle");
  TeacherConfig config = readTeacherConfig(teachers / GetParam() / "config.json");
  Parsed parsed(folder.path / "bundle/model.mlir");
  ASSERT_TRUE(parsed.module);
  for (lm::LayerOp layer : parsed.model().getLayers()) {
    const LayerConfig &expected = config.layers[layer.getIndex()];
    int64_t numRotations = 0;
    layer.walk([&](lm::RopeOp rope) {
      ++numRotations;
      EXPECT_EQ(rope.getRope().attentionFactor(), expected.rope.attentionFactor);
      if (mlir::DenseF32ArrayAttr frequencies = rope.getRope().getFrequencies())
        EXPECT_EQ(frequencies.asArrayRef(), llvm::ArrayRef(expected.rope.frequencies));
      else
        EXPECT_EQ(rope.getRope().getTheta().getValueAsDouble(), expected.rope.theta);
    });
    EXPECT_EQ(numRotations, 2);
    layer.walk([&](lm::AttentionOp attention) {
      EXPECT_EQ(attention.getWindow(), expected.window);
      EXPECT_DOUBLE_EQ(attention.getScale().convertToDouble(), std::pow(config.headDim, -0.5));
    });
  }
}

/// The name of a tensor of a model without its head, or of one that is wrapped once more.
static std::string withoutPrefix(std::string name) { return name.substr(name.starts_with("model.") ? 6 : 0); }

// transformers 5.24 loads all of these, 4.57 those of a bare model without lm_head.weight.
TEST_P(EveryTeacher, isTheSameUnderTheNamesOfItsBackbone) {
  TemporaryFolder folder;
  importHuggingFace(teachers / GetParam(), folder.path / "expected");
  Json config = readJsonFile(teachers / GetParam() / "config.json");
  std::string architecture = config.at("architectures").at(0);
  config["architectures"] = Json::array({architecture.substr(0, architecture.find("ForCausalLM")) + "Model"});
  int64_t numTried = 0;
  for (const std::function<std::string(std::string)> &rename :
       std::initializer_list<std::function<std::string(std::string)>>{
           withoutPrefix, [](const std::string &name) { return "model." + name; },
           [](const std::string &name) { return name.find("layers.1.") != name.npos ? withoutPrefix(name) : name; }}) {
    fs::path in = folder.path / std::to_string(numTried++), out = in.string() + "-out";
    fs::create_directory(in);
    writeTextFile(in / "config.json", config.dump());
    rewriteWeights(teachers / GetParam(), in, {}, rename);
    std::vector<std::string> warnings = importHuggingFace(in, out);
    EXPECT_EQ(warnings.size(), 1u); // it has no tokenizer
    EXPECT_EQ(readTextFile(out / "model.mlir"), readTextFile(folder.path / "expected/model.mlir"));
    WeightFiles found = WeightFiles::open(out), expected = WeightFiles::open(folder.path / "expected");
    ASSERT_EQ(tensorsOf(found), tensorsOf(expected));
    for (const auto &[name, tensor] : expected.tensors())
      EXPECT_TRUE(std::ranges::equal(found.get(name).bytes, tensor.bytes)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Import, EveryTeacher, testing::ValuesIn(teacherNames()), testName);

TEST(Import, generationsOfOneTeacherGiveOneModule) {
  TemporaryFolder folder;
  auto textOf = [&](const std::string &name) {
    importHuggingFace(teachers / name, folder.path / name);
    return readTextFile(folder.path / name / "model.mlir");
  };
  EXPECT_EQ(textOf("llama-31"), textOf("llama-31-457"));
  EXPECT_EQ(textOf("llama-31"), textOf("llama-31-hub"));
  EXPECT_EQ(textOf("olmo3-yarn"), textOf("olmo3-yarn-457"));
}

TEST(Import, blocksHaveTheOrderThatPassesRelyOn) {
  TemporaryFolder folder;
  auto opsOf = [&](const std::string &name) {
    importHuggingFace(teachers / name, folder.path / name);
    Parsed parsed(folder.path / name / "model.mlir");
    std::string text;
    for (mlir::Operation &op : *parsed.model().getLayers().front().getBody().begin())
      if (!mlir::isa<lm::ParamOp>(op))
        text += (text.empty() ? "" : " ") + op.getName().stripDialect().str();
    return text;
  };
  EXPECT_EQ(opsOf("llama-31"), "rms_norm linear linear linear split_heads split_heads split_heads rope rope attention "
                               "merge_heads linear add rms_norm linear linear swiglu linear add yield");
  EXPECT_EQ(opsOf("qwen3-tied"),
            "rms_norm linear linear linear split_heads split_heads split_heads rms_norm rms_norm rope "
            "rope attention merge_heads linear add rms_norm linear linear swiglu linear add yield");
  EXPECT_EQ(opsOf("olmo2-mha"),
            "linear linear linear rms_norm rms_norm split_heads split_heads split_heads rope rope "
            "attention merge_heads linear rms_norm add linear linear swiglu linear rms_norm add yield");
}

TEST(Import, aTensorThatNobodyReadsIsAnError) {
  TemporaryFolder folder;
  fs::copy(teachers / "smollm-tied/config.json", folder.path);
  StoredTensor extra = WeightFiles::open(teachers / "smollm-tied").get("model.norm.weight");
  extra.spec.name = "model.layers.0.self_attn.q_norm.weight";
  rewriteWeights(teachers / "smollm-tied", folder.path, {extra});
  EXPECT_EQ(errorOf(folder.path, folder.path.string() + "-out"),
            (folder.path / "model.safetensors").string() +
                ": tensor 'model.layers.0.self_attn.q_norm.weight' is no part of this llama model (2 layers); nothing "
                "would read it");
  EXPECT_FALSE(fs::exists(folder.path.string() + "-out"));
}

TEST(Import, whatSaysNothingNewIsLeftOut) {
  TemporaryFolder folder;
  fs::create_directory(folder.path / "in");
  fs::copy(teachers / "smollm-tied/config.json", folder.path / "in");
  WeightFiles weights = WeightFiles::open(teachers / "smollm-tied");
  StoredTensor table = weights.get("model.norm.weight"), head = weights.get("model.embed_tokens.weight");
  table.spec.name = "model.layers.1.self_attn.rotary_emb.inv_freq";
  head.spec.name = "lm_head.weight";
  rewriteWeights(teachers / "smollm-tied", folder.path / "in", {table, head});
  importHuggingFace(folder.path / "in", folder.path / "out");
  Bundle bundle = Bundle::open(folder.path / "out");
  EXPECT_EQ(tensorsOf(bundle.weights), tensorsOf(weights));
  for (const auto &[name, tensor] : weights.tensors())
    EXPECT_TRUE(std::ranges::equal(bundle.weights.get(name).bytes, tensor.bytes)) << name;
}

TEST(Import, aModelWithoutItsHeadIsRefused) {
  TemporaryFolder folder;
  fs::copy(teachers / "llama-31/config.json", folder.path);
  rewriteWeights(teachers / "llama-31", folder.path, {}, [](const std::string &name) {
    return name == "lm_head.weight" ? "model.layers.0.self_attn.rotary_emb.inv_freq" : withoutPrefix(name);
  });
  std::string error = errorOf(folder.path, folder.path / "out");
  EXPECT_NE(error.find("tensor 'lm_head.weight' is missing"), std::string::npos) << error;
  EXPECT_NE(error.find("a model without its head"), std::string::npos) << error;
}

TEST(Import, aTensorUnderTwoNamesIsRefused) {
  TemporaryFolder folder;
  fs::copy(teachers / "smollm-tied/config.json", folder.path);
  StoredTensor extra = WeightFiles::open(teachers / "smollm-tied").get("model.norm.weight");
  extra.spec.name = "norm.weight";
  rewriteWeights(teachers / "smollm-tied", folder.path, {extra});
  EXPECT_NE(errorOf(folder.path, folder.path / "out").find("'norm.weight' and 'model.norm.weight' are one tensor"),
            std::string::npos);
}

TEST(Import, aTiedModelMayHaveItsHeadAlone) {
  TemporaryFolder folder;
  fs::create_directory(folder.path / "in");
  fs::copy(teachers / "smollm-tied/config.json", folder.path / "in");
  rewriteWeights(teachers / "smollm-tied", folder.path / "in", {},
                 [](const std::string &name) { return name == "model.embed_tokens.weight" ? "lm_head.weight" : name; });
  EXPECT_EQ(importHuggingFace(folder.path / "in", folder.path / "out").size(), 1u); // it has no tokenizer
  EXPECT_EQ(tensorsOf(WeightFiles::open(folder.path / "out")), tensorsOf(WeightFiles::open(teachers / "smollm-tied")));
}

TEST(Import, weightsAreCopiedOrLinked) {
  TemporaryFolder folder;
  fs::path teacher = folder.path / "teacher", copied = folder.path / "copied", linked = folder.path / "linked";
  fs::copy(teachers / "smollm-tied", teacher);
  importHuggingFace(teacher, copied);
  importHuggingFace(teacher, linked, WeightTransfer::Link);
  EXPECT_FALSE(fs::equivalent(teacher / "model.safetensors", copied / "model.safetensors"));
  EXPECT_TRUE(fs::equivalent(teacher / "model.safetensors", linked / "model.safetensors"));
  Bundle::open(linked);

  // Whoever writes the teacher's file in place writes the bundle's: that is seen.
  fs::last_write_time(teacher / "model.safetensors",
                      fs::last_write_time(linked / "bundle.json") + std::chrono::seconds(1));
  EXPECT_THROW(Bundle::open(linked), Error);
  fs::remove(teacher / "model.safetensors"); // the bundle's alone now
  EXPECT_EQ(Bundle::open(linked).weights.tensors().size(), Bundle::open(copied).weights.tensors().size());
}

TEST(Import, aTokenizerIsReadOrRefusedOnceForAll) {
  TemporaryFolder folder;
  fs::path teacher = folder.path / "teacher";
  fs::copy(teachers / "smollm-tied", teacher);
  for (const char *text : {R"({"model": {"type": "Unigram", "vocab": []}})", R"({"model": 1})", "[]", "{"}) {
    writeTextFile(teacher / "tokenizer.json", text);
    EXPECT_EQ(errorOf(teacher, folder.path / "out").find((teacher / "tokenizer.json").string()), 0u) << text;
  }
  // A kind that is not read is no mistake of the folder: its weights are still of use.
  writeTextFile(teacher / "tokenizer.json", R"({"model": {"type": "WordPiece", "vocab": {"a": 0}}})");
  std::vector<std::string> warnings = importHuggingFace(teacher, folder.path / "out");
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0].find((teacher / "tokenizer.json").string()), 0u);
  EXPECT_EQ(warnings[0].find('\n'), std::string::npos);
}

TEST(Import, theOutputReplacesOnlyBundles) {
  TemporaryFolder folder;
  fs::path output = folder.path / "bundle";
  importHuggingFace(teachers / "smollm-tied", output);
  importHuggingFace(teachers / "llama-31", output); // another bundle may go
  EXPECT_FALSE(fs::exists(output / "model.safetensors"));
  fs::create_directory(folder.path / "mine");
  writeTextFile(folder.path / "mine/letter.txt", "dear");
  EXPECT_NE(errorOf(teachers / "llama-31", folder.path / "mine"), "no error");
  EXPECT_EQ(readTextFile(folder.path / "mine/letter.txt"), "dear");
  EXPECT_EQ(errorOf(output, output), output.string() + ": the output would replace the input " + output.string());
  EXPECT_TRUE(Bundle::isBundle(output));
}

TEST(Import, aMissingFolderIsNamed) {
  TemporaryFolder folder;
  std::string error = errorOf(folder.path / "nowhere", folder.path / "out");
  EXPECT_NE(error.find("nowhere/config.json"), std::string::npos) << error;
  EXPECT_EQ(error.find('\n'), std::string::npos);
}

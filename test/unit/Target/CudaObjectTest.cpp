//===- CudaObjectTest.cpp - the object of a model compiled for CUDA -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CudaOnCpu.h"
#include "TargetTest.h"

#include "lib/Target/Native/ConvertFloats.h"
#include "lib/Target/Native/PlaceWeight.h"
#include "xlstm/Runtime/Deploy/CudaModelAbi.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Target/Cuda.h"
#include "xlstm/Target/Link.h"

#include "llvm/Object/ObjectFile.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cmath>
#include <dlfcn.h>
#include <cstring>
#include <set>

using namespace xlstm;
using namespace xlstm::test;
namespace fs = std::filesystem;

static std::string studentIr() { return readTextFile(Bundle::open(tinyStudent().bundle).modelFile()); }

static std::string errorOf(const std::string &mlir, const CudaTargetOptions &options) {
  try {
    compileForCuda(mlir, "model.mlir", workFolder() / "never.o", options);
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

TEST(CudaObjectTest, OnlyTheModelIsExportedAndOnlyStepsAreNeeded) {
  ModelObject object = compileForCuda(studentIr(), "model.mlir", workFolder() / "cuda.o", {DType::BF16, 2});
  auto binary = llvm::object::ObjectFile::createObjectFile(object.file.string());
  ASSERT_TRUE(static_cast<bool>(binary));
  std::set<std::string> exported;
  for (const llvm::object::SymbolRef &symbol : binary->getBinary()->symbols()) {
    uint32_t flags = cantFail(symbol.getFlags());
    std::string name = cantFail(symbol.getName()).str();
    if (flags & llvm::object::SymbolRef::SF_Undefined)
      EXPECT_TRUE(name.empty() || name.starts_with("xlstm_cuda_")) << name;
    else if (flags & llvm::object::SymbolRef::SF_Global)
      exported.insert(name);
  }
  EXPECT_EQ(exported, std::set<std::string>{"xlstm_cuda_model"});
}

// Gates stay float32, everything else is bf16; the frequencies lie behind the last weight.
TEST(CudaObjectTest, WeightsHaveTheDevicesTypes) {
  Bundle bundle = Bundle::open(tinyStudent().bundle);
  ModelObject object = compileForCuda(studentIr(), "model.mlir", workFolder() / "cuda.o", {DType::BF16});
  ASSERT_EQ(object.weights.size(), bundle.weights.tensors().size());
  uint64_t end = 0;
  for (const WeightPlacement &weight : object.weights) {
    const std::string &name = weight.tensor.name;
    EXPECT_EQ(weight.offset % 16, 0u) << name;
    EXPECT_GE(weight.offset, end) << name;
    EXPECT_EQ(weight.type, name.find("_gate.") != name.npos ? DType::F32 : DType::BF16) << name;
    EXPECT_EQ(weight.tensor.dtype, bundle.weights.get(name).spec.dtype) << name;
    end = weight.offset + weight.tensor.numElements() * sizeOf(weight.type);
  }
  EXPECT_GE(object.weightBytes, end + 16 * sizeof(float));
  EXPECT_TRUE(compileForCuda(studentIr(), "", workFolder() / "cuda.o", {DType::F32, 1, {8}, true}).weights.empty());
}

TEST(CudaObjectTest, BadOptionsAreErrors) {
  EXPECT_EQ(errorOf(studentIr(), {DType::F16}), "expected activations of f32 or bf16, found F16");
  EXPECT_EQ(errorOf(studentIr(), {DType::F32, 0}), "expected a batch of at least 1 text, found 0");
  EXPECT_EQ(errorOf(studentIr(), {DType::F32, 1, {32, 1}}),
            "expected prefill calls of at least 2 tokens, as one is decoded, found 1");
}

namespace {

/// A model compiled for CUDA, loaded into this process, where CudaOnCpu.cpp has the steps.
class LoadedModel {
public:
  explicit LoadedModel(const CudaTargetOptions &options);
  ~LoadedModel() { dlclose(library); }

  int run(const xlstm_cuda_function &function, const at::Tensor &ids_BT) {
    memory.ids = ids_BT.const_data_ptr<int64_t>();
    calls.clear();
    return function.run(&memory, nullptr);
  }

  const xlstm_cuda_model_info *info;
  xlstm_cuda_memory memory = {};
  at::Tensor logits_BV;

private:
  void fillWeights(const ModelObject &object);

  void *library;
  std::vector<std::vector<std::byte>> memories;
};

} // namespace

LoadedModel::LoadedModel(const CudaTargetOptions &options) {
  ModelObject object = compileForCuda(studentIr(), "model.mlir", workFolder() / "loaded.o", options);
  static int count = 0; // a path that is loaded already is not loaded again
  fs::path file = workFolder() / ("loaded" + std::to_string(++count) + ".so");
  EXPECT_EQ(test::run({findLinker(), "-shared", object.file, "-o", file}).status, 0);
  library = dlopen(file.c_str(), RTLD_NOW);
  if (!library)
    fail(dlerror());
  info = static_cast<const xlstm_cuda_model_info *>(dlsym(library, "xlstm_cuda_model"));
  fillWeights(object);
  for (uint64_t bytes : {info->state_bytes, info->scratch_bytes})
    memories.emplace_back(bytes, std::byte(0xff)); // NaN in every float that is read before it is written
  memory.weights = reinterpret_cast<const char *>(memories[0].data());
  memory.state = reinterpret_cast<char *>(memories[1].data());
  memory.scratch = reinterpret_cast<char *>(memories[2].data());
  logits_BV = at::empty({info->batch, info->vocab});
  memory.logits = logits_BV.mutable_data_ptr<float>();
  EXPECT_EQ(info->init_state(&memory, nullptr), 0);
}

// By which a benchmark says what share of the card it had: two for every element of a projection, the head aside, which only
// the last token needs.
TEST(CudaObjectTest, ThePromptsProductsAreCounted) {
  LoadedModel model({DType::F32});
  Bundle bundle = Bundle::open(tinyStudent().bundle);
  uint64_t elements = 0;
  for (const auto &[name, tensor] : bundle.weights.tensors())
    if (name.find(".layers.") != name.npos && tensor.spec.shape.size() == 2 && !name.ends_with("o_gate.weight"))
      elements += uint64_t(tensor.spec.shape[0] * tensor.spec.shape[1]);
  EXPECT_EQ(model.info->prefill_flops, 2 * elements);
}

void LoadedModel::fillWeights(const ModelObject &object) {
  Bundle bundle = Bundle::open(tinyStudent().bundle);
  EXPECT_EQ(object.weightBytes, info->weight_bytes);
  std::vector<std::byte> &weights = memories.emplace_back(info->weight_bytes);
  for (const WeightPlacement &weight : object.weights) {
    auto at = weights.begin() + static_cast<ptrdiff_t>(weight.offset);
    const StoredTensor &stored = bundle.weights.get(weight.tensor.name);
    placeWeight(weight, stored.bytes,
                [&](std::span<const std::byte> bytes) { at = std::copy(bytes.begin(), bytes.end(), at); });
  }
  for (int64_t n = 0; n < info->constant_count; ++n)
    std::memcpy(weights.data() + info->constants[n].offset, info->constants[n].data, info->constants[n].bytes);
}

// Two different texts side by side, in pieces of 32 and 8 tokens and one by one, beyond three windows of 64.
TEST(CudaObjectTest, StepsGiveTheForwardPassesLogits) {
  LoadedModel model({DType::F32, 2, {8, 32}});
  ASSERT_EQ(model.info->function_count, 3);
  EXPECT_EQ(model.info->batch, 2);
  at::Tensor ids_BT = at::cat({makeIds(210, 2048), makeIds(210, 2048).flip(1)});
  at::Tensor expected_BTV = Forward(tinyStudent().bundle).logits(ids_BT);
  int64_t done = 0;
  auto advance = [&](int64_t function) {
    const xlstm_cuda_function &f = model.info->functions[function];
    ASSERT_EQ(model.run(f, ids_BT.narrow(1, done, f.tokens).contiguous()), 0);
    done += f.tokens;
    EXPECT_LT(largestDifference(model.logits_BV, expected_BTV.select(1, done - 1)), 1e-3) << done << " tokens";
  };
  for (int64_t function : {1, 2, 0, 2, 1, 0, 0, 0, 0}) // 8, 1, 32, ... tokens
    advance(function);
  while (done < 210)
    advance(2);
}

// A token of each of three texts at a time, with states that lie anywhere, beyond the window.
TEST(CudaObjectTest, TextsTogetherGiveTheForwardPassesLogits) {
  LoadedModel model({DType::F32, 1, {8}});
  ASSERT_EQ(model.info->most_rows, 64);
  EXPECT_EQ(model.info->function_count, 2) << "prompts and single tokens";
  at::Tensor ids_BT = makeIds(210, 2048).reshape({3, 70});
  at::Tensor expected_BTV = Forward(tinyStudent().bundle).logits(ids_BT), logits_BV = at::empty({3, model.info->vocab});
  std::vector<std::vector<char>> memories(3, std::vector<char>(model.info->state_bytes));
  std::vector<int64_t> apart;
  for (std::vector<char> &one : memories) {
    std::memcpy(one.data(), model.memory.state, one.size()); // of an empty text
    apart.push_back(one.data() - model.memory.state);
  }
  EXPECT_EQ(model.info->goes_by_rows, 0);
  xlstm_cuda_memory memory = model.memory;
  memory.apart = apart.data();
  memory.logits = logits_BV.mutable_data_ptr<float>();
  for (int64_t t = 0; t < 70; ++t) {
    at::Tensor ids_B = ids_BT.select(1, t).contiguous();
    memory.ids = ids_B.const_data_ptr<int64_t>();
    calls.clear();
    ASSERT_EQ(model.info->decode_many(&memory, nullptr, 3, nullptr), 0);
    EXPECT_LT(largestDifference(logits_BV, expected_BTV.select(1, t)), 1e-3) << t;
  }
  EXPECT_EQ(std::ranges::count(calls, "hybrid_step_apart"), 4) << "one a layer, for all texts";
  EXPECT_EQ(LoadedModel({DType::F32, 2, {8}}).info->most_rows, 0) << "texts in lockstep are no texts of their own";
}

TEST(CudaObjectTest, StepsOfALayerInDecode) {
  LoadedModel model({DType::F32, 1, {8}});
  ASSERT_EQ(model.run(model.info->functions[1], makeIds(1, 2048)), 0);
  // q, k, v are one product, and gate and up; the two gates need not wait for it.
  std::vector<std::string> layer = {"rms_norm",    "linear", "linear_beside", "linear_beside", "output_gate",
                                    "hybrid_step", "linear", "rms_norm",      "linear",        "swiglu",
                                    "linear"};
  ASSERT_EQ(calls.size(), 1 + 4 * layer.size() + 3);
  EXPECT_EQ(std::vector(calls.begin() + 1, calls.begin() + 1 + static_cast<ptrdiff_t>(layer.size())), layer);
  EXPECT_EQ(calls.front(), "embed");
  EXPECT_EQ(calls.back(), "advance");
  // The largest needs are of the mixer of 64 texts together; without these, of the prefill's.
  EXPECT_EQ(model.info->workspace_bytes(), 6400u);
  EXPECT_EQ(model.info->zeroed_bytes(), 64 * 64u);
  EXPECT_EQ(LoadedModel({DType::F32, 3, {8}}).info->workspace_bytes(), 2400u);
}

TEST(CudaObjectTest, TheFirstErrorEndsAFunction) {
  LoadedModel model({DType::F32, 1, {8}});
  for (size_t n : {0, 5, 20}) {
    failingCall = n;
    EXPECT_EQ(model.run(model.info->functions[1], makeIds(1, 2048)), 1);
    EXPECT_EQ(calls.size(), n + 1);
  }
  failingCall = SIZE_MAX;
}

TEST(CudaObjectTest, RandomWeightsAreDescribed) {
  fs::path file = workFolder() / "random.so";
  ModelObject object =
      compileForCuda(studentIr(), "model.mlir", workFolder() / "random.o", {DType::BF16, 1, {8}, true});
  ASSERT_EQ(test::run({findLinker(), "-shared", object.file, "-o", file}).status, 0);
  void *library = dlopen(file.c_str(), RTLD_NOW);
  ASSERT_TRUE(library);
  auto *info = static_cast<const xlstm_cuda_model_info *>(dlsym(library, "xlstm_cuda_model"));
  uint64_t end = 0;
  for (int64_t n = 0; n < info->random_count; ++n) {
    const xlstm_cuda_random &weight = info->random[n];
    EXPECT_GE(weight.offset, end);
    end = weight.offset + static_cast<uint64_t>(weight.elements) * (weight.type == 0 ? 4 : 2);
  }
  EXPECT_GE(info->weight_bytes, end);
  EXPECT_FLOAT_EQ(info->random[0].deviation, 0.02f); // the embedding's table
  EXPECT_EQ(info->random[1].mean, 1);                // a norm
  EXPECT_FLOAT_EQ(info->random[2].deviation, 1 / std::sqrt(128.0f));
  dlclose(library);
}

TEST(ConvertFloatsTest, RoundsToNearestEven) {
  auto convert = [](auto values, DType from, DType to) {
    std::vector<std::byte> out;
    convertFloats(std::as_bytes(std::span(values)), from, to,
                  [&](std::span<const std::byte> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); });
    return out;
  };
  auto halves = [](const std::vector<std::byte> &bytes) {
    std::vector<uint16_t> result(bytes.size() / 2);
    std::memcpy(result.data(), bytes.data(), bytes.size());
    return result;
  };
  auto floats = [](const std::vector<std::byte> &bytes) {
    std::vector<float> result(bytes.size() / 4);
    std::memcpy(result.data(), bytes.data(), bytes.size());
    return result;
  };
  // 1 + 2^-8 lies between two neighbours and goes to the even one, 1; 1 + 3 2^-8 to 1 + 4 2^-8.
  std::vector<float> values = {1, 1 + 0x1p-8f, 1 + 3 * 0x1p-8f, -2.5f, INFINITY, 3.4e38f};
  EXPECT_EQ(halves(convert(values, DType::F32, DType::BF16)),
            (std::vector<uint16_t>{0x3f80, 0x3f80, 0x3f82, 0xc020, 0x7f80, 0x7f80}));
  EXPECT_EQ(halves(convert(std::vector<float>{NAN}, DType::F32, DType::BF16))[0] & 0x7fc0, 0x7fc0);
  EXPECT_EQ(floats(convert(std::vector<uint16_t>{0x3f80, 0xc020}, DType::BF16, DType::F32)),
            (std::vector<float>{1, -2.5f}));
  EXPECT_EQ(floats(convert(std::vector<uint16_t>{0x3c00, 0xc100, 0x0001, 0x7bff, 0xfc00}, DType::F16, DType::F32)),
            (std::vector<float>{1, -2.5f, 0x1p-24f, 65504, -INFINITY}));
  EXPECT_EQ(halves(convert(std::vector<uint16_t>{0x3c00, 0x7bff}, DType::F16, DType::BF16)),
            (std::vector<uint16_t>{0x3f80, 0x4780}));
  EXPECT_EQ(halves(convert(std::vector<uint16_t>{0x7fff}, DType::BF16, DType::BF16))[0], 0x7fff); // bits as they are
}

//===- OnnxQuantisedTest.cpp - MatMulNBits becomes float32 weights --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Teachers.h"
#include "lib/Import/Onnx/Quantised.h"
#include "xlstm/Import/Onnx.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Support/Error.h"

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

/// A quantised matrix as MatMulNBits wants it, and the float32 numbers that it stands for.
struct Packed {
  std::vector<uint8_t> numbers, zeroPoints;
  std::vector<float> scales, floatZeros, expected;
};

enum class Zeros { None, Packed, Float };

/// Numbers and zero points are drawn first and packed afterwards, low bits first, each row's blocks padded.
Packed makePacked(int64_t rows, int64_t columns, int64_t bits, int64_t size, Zeros zeros) {
  Packed result;
  int64_t blocks = (columns + size - 1) / size, perByte = 8 / bits, levels = int64_t{1} << bits;
  uint32_t state = 12345;
  auto draw = [&] { return static_cast<int64_t>((state = state * 1664525u + 1013904223u) >> 16); };
  auto append = [&](std::vector<uint8_t> &out, const std::vector<int64_t> &row) {
    for (size_t i = 0; i < row.size(); ++i) {
      if (i % perByte == 0)
        out.push_back(0);
      out.back() |= static_cast<uint8_t>(row[i] << (i % perByte * bits));
    }
  };
  for (int64_t r = 0; r < rows; ++r) {
    std::vector<int64_t> row(blocks * size), points(blocks);
    for (int64_t &number : row)
      number = draw() % levels;
    for (int64_t b = 0; b < blocks; ++b) {
      points[b] = zeros == Zeros::Packed ? draw() % levels : levels / 2;
      result.scales.push_back(0.01f * static_cast<float>(1 + draw() % 7));
      result.floatZeros.push_back(static_cast<float>(points[b]) + (zeros == Zeros::Float ? 0.25f : 0));
    }
    for (int64_t c = 0; c < columns; ++c)
      result.expected.push_back((static_cast<float>(row[c]) - result.floatZeros[r * blocks + c / size]) *
                                result.scales[r * blocks + c / size]);
    append(result.numbers, row);
    append(result.zeroPoints, points);
  }
  return result;
}

template <typename T>
OnnxTensor tensorOf(DType type, std::vector<int64_t> shape, const std::vector<T> &data) {
  return {{"t", type, std::move(shape)}, std::as_bytes(std::span(data)), {}, {}, 0, {}};
}

template <typename T>
void addInitializer(::onnx::ModelProto &model, const std::string &name, int32_t type, std::vector<int64_t> dims,
                    const std::vector<T> &data) {
  ::onnx::TensorProto &tensor = *model.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (int64_t dim : dims)
    tensor.add_dims(dim);
  tensor.set_raw_data(data.data(), data.size() * sizeof(T));
}

/// The one-layer model, its MatMul of that name in `bits` bits.
::onnx::ModelProto quantise(const std::string &name, int64_t rows, int64_t columns, int64_t bits,
                            const Packed &packed) {
  ::onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(readTextFile(XLSTM_TEST_INPUTS "/onnx/one-layer/model.onnx")));
  addInitializer(model, "numbers", ::onnx::TensorProto::UINT8, {rows, 1, 16 * bits / 8}, packed.numbers);
  addInitializer(model, "scales", ::onnx::TensorProto::FLOAT, {rows, 1}, packed.scales);
  addInitializer(model, "points", ::onnx::TensorProto::UINT8, {rows, 1}, packed.zeroPoints);
  ::onnx::OperatorSetIdProto &opset = *model.add_opset_import();
  opset.set_domain("com.microsoft");
  opset.set_version(1);
  for (::onnx::NodeProto &node : *model.mutable_graph()->mutable_node()) {
    if (node.name() != name)
      continue;
    node.set_domain("com.microsoft");
    node.set_op_type("MatMulNBits");
    node.set_input(1, "numbers");
    node.add_input("scales");
    node.add_input("points");
    for (auto [key, value] : {std::pair("K", columns), {"N", rows}, {"bits", bits}, {"block_size", int64_t{16}}}) {
      ::onnx::AttributeProto &attribute = *node.add_attribute();
      attribute.set_name(key);
      attribute.set_type(::onnx::AttributeProto::INT);
      attribute.set_i(value);
    }
  }
  return model;
}

void importModel(const ::onnx::ModelProto &model, const TemporaryFolder &folder) {
  writeTextFile(folder.path / "model.onnx", model.SerializeAsString());
  importOnnx(folder.path / "model.onnx", folder.path / "out", [](std::string_view module, const std::string &origin) {
    return rewriteModule(module, origin, "xlstm-raise-pipeline");
  });
}

} // namespace

TEST(OnnxQuantised, rowsOfSeveralBlocksAreDequantised) {
  constexpr int64_t rows = 5, columns = 40, size = 16, blocks = 3;
  for (int64_t bits : {2, 4, 8})
    for (Zeros zeros : {Zeros::None, Zeros::Packed, Zeros::Float}) {
      Packed packed = makePacked(rows, columns, bits, size, zeros);
      OnnxTensor numbers = tensorOf(DType::U8, {rows, blocks, size * bits / 8}, packed.numbers),
                 scales = tensorOf(DType::F32, {rows * blocks}, packed.scales),
                 zeroPoints = tensorOf(DType::U8, {rows * (blocks * bits + 7) / 8}, packed.zeroPoints),
                 floatZeros = tensorOf(DType::F32, {rows, blocks}, packed.floatZeros);
      zeroPoints.spec.shape = {static_cast<int64_t>(packed.zeroPoints.size())};
      QuantisedBlocks description{bits, size, columns, &scales,
                                  zeros == Zeros::None     ? nullptr
                                  : zeros == Zeros::Packed ? &zeroPoints
                                                           : &floatZeros};
      checkBlocks(description, numbers, rows, "test");
      std::vector<float> row, all;
      for (int64_t r = 0; r < rows; ++r) {
        dequantiseRow(description, numbers, r, row);
        all.insert(all.end(), row.begin(), row.end());
      }
      EXPECT_EQ(all, packed.expected) << bits << " bits";
    }
}

TEST(OnnxQuantised, aHalfFloatScaleIsWidened) {
  std::vector<uint8_t> bytes(16, 0x9A);               // every number 10 or 9, less 8
  std::vector<uint16_t> half{0x3E00}, bfloat{0x3FC0}; // 1.5
  OnnxTensor numbers = tensorOf(DType::U8, {1, 1, 16}, bytes);
  for (auto [type, data] : {std::pair(DType::F16, &half), {DType::BF16, &bfloat}}) {
    OnnxTensor scales = tensorOf(type, {1, 1}, *data);
    std::vector<float> row;
    dequantiseRow({4, 32, 2, &scales, nullptr}, numbers, 0, row);
    EXPECT_EQ(row, (std::vector<float>{3, 1.5})) << safetensorsName(type);
  }
}

TEST(OnnxQuantised, groupsSayWhichBlockAColumnHas) {
  std::vector<uint8_t> bytes(16, 0x9A); // 10, 9, 10, 9, ..., less 8
  std::vector<float> scales{1, 100};
  std::vector<int32_t> groups(20, 1);
  groups[1] = groups[18] = 0;
  OnnxTensor numbers = tensorOf(DType::U8, {1, 2, 8}, bytes), scale = tensorOf(DType::F32, {2}, scales),
             group = tensorOf(DType::I32, {20}, groups);
  QuantisedBlocks blocks{4, 16, 20, &scale, nullptr, &group};
  checkBlocks(blocks, numbers, 1, "test");
  std::vector<float> row;
  dequantiseRow(blocks, numbers, 0, row);
  EXPECT_EQ(row[0], 200);
  EXPECT_EQ(row[1], 1);
  EXPECT_EQ(row[18], 2);
  EXPECT_EQ(row[19], 100);
  for (int32_t wrong : {2, -1}) {
    groups[3] = wrong;
    EXPECT_THROW(checkBlocks(blocks, numbers, 1, "test"), Error);
  }
}

TEST(OnnxQuantised, projectionsAndTheHeadAreWrittenInFloat32) {
  for (auto [node, weight, rows] : {std::tuple("node_linear_1", "model.layers.0.self_attn.k_proj.weight", int64_t{4}),
                                    {"node_linear_7", "lm_head.weight", int64_t{16}}}) {
    TemporaryFolder folder;
    Packed packed = makePacked(rows, 8, 4, 16, Zeros::Packed);
    importModel(quantise(node, rows, 8, 4, packed), folder);
    Bundle bundle = Bundle::open(folder.path / "out");
    const StoredTensor &found = bundle.weights.get(weight);
    EXPECT_EQ(describe(found.spec), "F32 [" + std::to_string(rows) + ", 8]");
    EXPECT_TRUE(std::ranges::equal(found.bytes, std::as_bytes(std::span(packed.expected)))) << weight;
  }
}

TEST(OnnxQuantised, sizesThatDisagreeAreRefused) {
  auto errorOf = [](const std::function<void(::onnx::NodeProto &)> &change) -> std::string {
    TemporaryFolder folder;
    ::onnx::ModelProto model = quantise("node_linear_1", 4, 8, 4, makePacked(4, 8, 4, 16, Zeros::Packed));
    for (::onnx::NodeProto &node : *model.mutable_graph()->mutable_node())
      if (node.op_type() == "MatMulNBits")
        change(node);
    try {
      importModel(model, folder);
    } catch (const Error &error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(errorOf([](auto &) {}), "");
  EXPECT_NE(errorOf([](auto &node) { node.mutable_attribute(2)->set_i(3); }).find("expected 2, 4 or 8 bits"),
            std::string::npos);
  EXPECT_NE(errorOf([](auto &node) { node.mutable_attribute(3)->set_i(64); }).find("numbers of 4 bits in whole blocks"),
            std::string::npos);
  EXPECT_NE(errorOf([](auto &node) { node.set_input(2, "val_289"); }).find("expected 1 scales a row"),
            std::string::npos);
  EXPECT_NE(
      errorOf([](auto &node) { node.add_input("points"); }).find("expected group indices beside 4 bits and no packed"),
      std::string::npos);
  EXPECT_NE(errorOf([](auto &node) {
              ::onnx::AttributeProto &attribute = *node.add_attribute();
              attribute.set_name("weight_prepacked");
              attribute.set_type(::onnx::AttributeProto::INT);
              attribute.set_i(1);
            }).find("packed for a device"),
            std::string::npos);
}

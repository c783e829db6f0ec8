//===- OnnxBadTest.cpp - malformed ONNX files are refused with a reason ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Teachers.h"
#include "xlstm/Import/Onnx.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Support/Error.h"

#include "onnx-ml.pb.h"

#include <functional>
#include <sys/stat.h>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

const fs::path good = XLSTM_TEST_INPUTS "/onnx/one-layer/model.onnx";

/// What importing `model` throws; empty when it works.
std::string importError(const fs::path &model, const fs::path &output) {
  try {
    importOnnx(model, output, [](std::string_view module, const std::string &origin) {
      return rewriteModule(module, origin, "xlstm-raise-pipeline");
    });
  } catch (const Error &error) {
    EXPECT_FALSE(fs::exists(output));
    return error.what();
  }
  return "";
}

using Change = std::function<void(::onnx::ModelProto &)>;

::onnx::NodeProto &node(::onnx::ModelProto &model, const std::string &type) {
  for (::onnx::NodeProto &node : *model.mutable_graph()->mutable_node())
    if (node.op_type() == type)
      return node;
  throw Error("no node " + type);
}

::onnx::TensorProto &table(::onnx::ModelProto &model) {
  for (::onnx::TensorProto &tensor : *model.mutable_graph()->mutable_initializer())
    if (tensor.name() == "m.model.embed_tokens.weight")
      return tensor;
  throw Error("no table");
}

void setInt(::onnx::NodeProto &node, const std::string &name, int64_t value) {
  node.clear_attribute();
  ::onnx::AttributeProto &attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(::onnx::AttributeProto::INT);
  attribute.set_i(value);
}

struct Case {
  const char *name, *message;
  Change change;
};

const Case cases[] = {
    {"ir", "expected IR version 3 to 14, found 99", [](auto &m) { m.set_ir_version(99); }},
    {"opset", "expected opset 11 to 28, found 999", [](auto &m) { m.mutable_opset_import(0)->set_version(999); }},
    {"no_opset", "expected an opset of the domain ai.onnx, found none", [](auto &m) { m.clear_opset_import(); }},
    {"no_graph", "expected a graph, found none", [](auto &m) { m.clear_graph(); }},
    {"no_nodes", "expected a graph with inputs, nodes and outputs", [](auto &m) { m.mutable_graph()->clear_node(); }},
    {"dangling", "node 'node_Softmax_283' (Softmax): expected 'nowhere' to be made before it is read",
     [](auto &m) { node(m, "Softmax").set_input(0, "nowhere"); }},
    {"twice", "the name 'm.model.embed_tokens.weight' is made twice",
     [](auto &m) { *m.mutable_graph()->add_initializer() = table(m); }},
    {"output", "output 'nothing': expected a node that makes it",
     [](auto &m) { m.mutable_graph()->mutable_output(0)->set_name("nothing"); }},
    {"operator", "(Frobnicate): expected an operator that language models contain",
     [](auto &m) { node(m, "Softmax").set_op_type("Frobnicate"); }},
    {"inputs", "node 'node_linear' (MatMul): expects 2 inputs, found 1",
     [](auto &m) { node(m, "MatMul").mutable_input()->RemoveLast(); }},
    {"axis", "(Softmax): expected an axis of -4 to 3, found 99",
     [](auto &m) { setInt(node(m, "Softmax"), "axis", 99); }},
    {"other_axis", "attention: expected softmax over the keys",
     [](auto &m) { setInt(node(m, "Softmax"), "axis", -2); }},
    {"attribute", "has no attribute 'pace'", [](auto &m) { setInt(node(m, "Softmax"), "pace", 1); }},
    {"short", "expected 512 bytes for F32 [16, 8], found 508",
     [](auto &m) { table(m).mutable_raw_data()->resize(508); }},
    {"negative", "expected dimensions of at least 0, found -16", [](auto &m) { table(m).set_dims(0, -16); }},
    {"huge", "for F32 [1099511627776, 8], found 512", [](auto &m) { table(m).set_dims(0, int64_t{1} << 40); }},
    {"overflow", "dimensions whose product is too large", [](auto &m) { table(m).set_dims(0, int64_t{1} << 62); }},
    {"two_places", "expected its data in one field, found 2", [](auto &m) { table(m).add_float_data(1); }},
    {"strings", "expected data type float", [](auto &m) { table(m).set_data_type(::onnx::TensorProto::STRING); }},
    {"integers", "expected numbers of one type",
     [](auto &m) {
       table(m).set_data_type(::onnx::TensorProto::INT64);
       table(m).set_dims(0, 8);
     }},
    {"shape", "(Mul): expected inputs that broadcast, found float [8] and float [3, 7, 16]",
     [](auto &m) {
       table(m).set_dims(0, 8);
       table(m).set_dims(1, 16);
     }},
    {"activation", "node 'node_Sigmoid_295' (Cos): is part of no embedding, ",
     [](auto &m) { node(m, "Sigmoid").set_op_type("Cos"); }},
    {"dynamic", "(DynamicQuantizeLinear): expected an operator that language models contain, found one that quantises",
     [](auto &m) { node(m, "Sigmoid").set_op_type("DynamicQuantizeLinear"); }},
    {"computed", "(DequantizeLinear): expected an operator that language models contain, found one that quantises",
     [](auto &m) { node(m, "MatMul").set_op_type("DequantizeLinear"); }},
    {"function", "expected no local functions, found 1", [](auto &m) { m.add_functions()->set_name("f"); }},
};

void PrintTo(const Case &test, std::ostream *out) { *out << test.name; }

class BadModel : public testing::TestWithParam<Case> {};

/// The good model with its table in `location`.
::onnx::ModelProto external(const std::string &location, const std::string &offset = "0") {
  ::onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(readTextFile(good)));
  ::onnx::TensorProto &tensor = table(model);
  tensor.clear_raw_data();
  tensor.set_data_location(::onnx::TensorProto::EXTERNAL);
  for (auto [key, value] : {std::pair<std::string, std::string>("location", location), {"offset", offset}}) {
    ::onnx::StringStringEntryProto &entry = *tensor.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  }
  return model;
}

} // namespace

TEST_P(BadModel, isRefusedWithItsReason) {
  TemporaryFolder folder;
  ::onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(readTextFile(good)));
  GetParam().change(model);
  writeTextFile(folder.path / "model.onnx", model.SerializeAsString());
  std::string error = importError(folder.path / "model.onnx", folder.path / "out");
  EXPECT_NE(error.find("model.onnx: "), std::string::npos) << error;
  EXPECT_NE(error.find(GetParam().message), std::string::npos) << error;
  EXPECT_EQ(error.find('\n'), std::string::npos) << error;
}

INSTANTIATE_TEST_SUITE_P(Onnx, BadModel, testing::ValuesIn(cases),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(OnnxBad, everyTruncationIsRefused) {
  TemporaryFolder folder;
  std::string bytes = readTextFile(good);
  EXPECT_EQ(importError(good, folder.path / "whole"), "");
  for (size_t length = 0; length < bytes.size(); length += bytes.size() / 97) {
    writeTextFile(folder.path / "model.onnx", std::string_view(bytes).substr(0, length));
    EXPECT_NE(importError(folder.path / "model.onnx", folder.path / "out"), "") << length << " bytes";
  }
}

TEST(OnnxBad, externalDataStayInTheFolder) {
  TemporaryFolder folder;
  fs::path inside = folder.path / "in", model = inside / "model.onnx";
  fs::create_directory(inside);
  writeTextFile(folder.path / "out.bin", std::string(512, '\0'));
  writeTextFile(inside / "in.bin", std::string(512, '\0'));
  fs::create_symlink("../out.bin", inside / "link.bin");
  fs::create_directory_symlink("..", inside / "up");
  fs::create_hard_link(folder.path / "out.bin", inside / "hard.bin");
  ASSERT_EQ(::mkfifo((inside / "pipe.bin").c_str(), 0600), 0);
  auto errorOf = [&](const std::string &location, const std::string &offset = "0") {
    writeTextFile(model, external(location, offset).SerializeAsString());
    return importError(model, folder.path / "bundle");
  };
  for (auto [location, message] : {std::pair("../out.bin", "found '..' in"),
                                   {"a/../../out.bin", "found '..' in"},
                                   {"/etc/hostname", "found the absolute path"},
                                   {"", "found an empty location"},
                                   {"..\\out.bin", "a character that is not allowed"},
                                   {"none.bin", "found nothing"},
                                   {"link.bin", "found a link that leaves it"},
                                   {"up/out.bin", "found a link that leaves it"},
                                   {"hard.bin", "found a hard link"},
                                   {"pipe.bin", "expected a regular file"}})
    EXPECT_NE(errorOf(location).find(message), std::string::npos) << location << ": " << errorOf(location);
  EXPECT_NE(errorOf("in.bin", "4").find("found a file of 512 bytes"), std::string::npos);
  EXPECT_NE(errorOf("in.bin", "18446744073709551612").find("found a file of 512 bytes"), std::string::npos);
  EXPECT_NE(errorOf("in.bin", "-4").find("to be a number of bytes"), std::string::npos);
  EXPECT_EQ(errorOf("in.bin"), "");
}

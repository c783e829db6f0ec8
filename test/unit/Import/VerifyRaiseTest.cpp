//===- VerifyRaiseTest.cpp - a wrong raise is found at its region ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/xlstm/VerifyRaise.h"
#include "Teachers.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Support/Error.h"

#include <sstream>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

const fs::path model = XLSTM_EXAMPLES "/tiny-llama-onnx/model.onnx";

/// `text` with the number behind every `key` replaced.
std::string withNumber(std::string text, const std::string &key, const std::string &number) {
  for (size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + 1)) {
    size_t first = at + key.size(), end = text.find_first_not_of("0123456789.e+-", first);
    text.replace(first, end - first, number);
  }
  return text;
}

/// What the check says of the raised module with another number behind `key`; empty when it is content.
std::string checkWith(const std::string &key, const std::string &number) {
  TemporaryFolder folder;
  OnnxModel onnx = OnnxModel::open(model);
  onnx.writeBundle(rewriteModule(onnx.bytecode(), "model.onnx", "xlstm-raise-pipeline,xlstm-note-nodes"),
                   folder.path / "bundle");
  Bundle bundle = Bundle::open(folder.path / "bundle");
  std::string text = readTextFile(bundle.modelFile());
  std::string changed = key.empty() ? text : withNumber(text, key, number);
  EXPECT_EQ(changed == text, key.empty()) << key;
  Program raised = Program::parse(changed, "raised");
  ParamMap params = loadParams(raised.function("model"), bundle.weights, at::kDouble);
  std::ostringstream table;
  try {
    reportRaised(table, compareRaised(onnx, raised, params, "model.onnx"), "model.onnx");
  } catch (const Error &error) {
    EXPECT_NE(table.str().find("WRONG"), std::string::npos);
    return error.what();
  }
  EXPECT_NE(table.str().find("logits"), std::string::npos) << table.str();
  return "";
}

} // namespace

TEST(VerifyRaise, theModuleAsRaisedAgrees) { EXPECT_EQ(checkWith("", ""), ""); }

TEST(VerifyRaise, aWrongModuleIsFoundAtItsFirstWrongRegion) {
  for (auto [key, number, kind] : {std::tuple("scale = ", "0.3", "): attention: "),
                                   {"theta = ", "9000.0", "): RoPE: "},
                                   {"eps = ", "0.01", "): RMSNorm: "}}) {
    std::string error = checkWith(key, number);
    EXPECT_NE(error.find("model.onnx: node '"), std::string::npos) << error;
    EXPECT_NE(error.find(kind), std::string::npos) << error;
    EXPECT_NE(error.find("layers.0"), std::string::npos) << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
}

//===- VerifyRaiseTest.cpp - a wrong raise is found at its region ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/xlstm/VerifyRaise.h"
#include "TestFolder.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Support/Error.h"

#include <regex>
#include <sstream>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

const fs::path model = XLSTM_EXAMPLES "/tiny-llama-onnx/model.onnx";

/// What the check says of the raised module with `pattern` replaced by `other` in its text; empty when it is content.
std::string checkWith(const std::string &pattern, const std::string &other) {
  TestFolder folder;
  OnnxModel onnx = OnnxModel::open(model);
  onnx.writeBundle(rewriteModule(onnx.bytecode(), "model.onnx", "xlstm-raise-pipeline,xlstm-note-nodes"),
                   folder.path / "bundle");
  Bundle bundle = Bundle::open(folder.path / "bundle");
  std::string text = readTextFile(bundle.modelFile());
  std::string changed = std::regex_replace(text, std::regex(pattern), other);
  EXPECT_EQ(changed == text, pattern.empty()) << pattern;
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
  for (auto [pattern, other, kind] : {std::tuple("scale = [0-9.e+-]+ : f64", "scale = 0.3 : f64", "): attention: "),
                                      {"theta = [0-9.e+-]+", "theta = 9000.0", "): RoPE: "},
                                      {"eps = [0-9.e+-]+ : f64", "eps = 0.01 : f64", "): RMSNorm: "}}) {
    std::string error = checkWith(pattern, other);
    EXPECT_NE(error.find("model.onnx: node '"), std::string::npos) << error;
    EXPECT_NE(error.find(kind), std::string::npos) << error;
    EXPECT_NE(error.find("layers.0"), std::string::npos) << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
}

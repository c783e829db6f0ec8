//===- ModuleReaderTest.cpp - text and bytecode that a user gives ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/ModuleReader.h"
#include "dialects/LM/BytecodeChild.h"
#include "dialects/LM/LMDialect.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/Diagnostics.h"

#include <gtest/gtest.h>

#include <cstdlib>

using namespace mlir;

namespace {

constexpr const char *model = R"(lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %w = lm.param "w [([<{" : tensor<8x8xf32>
  %e = lm.embed %ids, %w : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  lm.return %e : tensor<?x?x8xf32>
})";

/// A module or the first error.
struct Reading {
  explicit Reading(std::string_view bytes) {
    context.loadDialect<xlstm::lm::LMDialect>();
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      if (error.empty())
        error = diagnostic.str();
    });
    module = xlstm::lm::readModule(bytes, "model.mlir", context);
  }
  std::string text() {
    std::string out;
    llvm::raw_string_ostream stream(out);
    module->print(stream);
    return out;
  }
  std::string bytecode() {
    std::string out;
    llvm::raw_string_ostream stream(out);
    EXPECT_TRUE(succeeded(writeBytecodeToFile(*module, stream)));
    return out;
  }

  MLIRContext context{MLIRContext::Threading::DISABLED};
  OwningOpRef<ModuleOp> module;
  std::string error;
};

std::string repeat(const std::string &text, int times) {
  std::string out;
  for (int n = 0; n < times; ++n)
    out += text;
  return out;
}

} // namespace

TEST(ModuleReader, BytecodeIsTheTextItWasMadeOf) {
  Reading text(model);
  ASSERT_TRUE(text.module) << text.error;
  Reading again(text.bytecode());
  ASSERT_TRUE(again.module) << again.error;
  EXPECT_EQ(again.text(), text.text());
}

TEST(ModuleReader, RefusesANewerDialect) {
  std::string bytes = Reading(model).bytecode();
  const std::string version("\x07\x03\x03", 3); // section 7 of one byte: a varint 1
  size_t at = bytes.rfind(version);
  ASSERT_NE(at, bytes.npos);
  bytes[at + 2] = 5;
  EXPECT_EQ(Reading(bytes).error, "dialect 'lm' version 2 is newer than this tool's version 1");
}

TEST(ModuleReader, SurvivesDamagedBytecode) {
  const std::string bytes = Reading(model).bytecode();
  int refused = 0, tried = 0;
  for (size_t at = 0; at < bytes.size(); at += 29) {
    std::string changed = bytes;
    changed[at] = char(changed[at] ^ 0xFF);
    for (const std::string &damaged : {changed, bytes.substr(0, at)}) {
      Reading reading(damaged);
      refused += !reading.module;
      ++tried;
      EXPECT_NE(reading.error.empty(), !reading.module) << "byte " << at;
    }
  }
  EXPECT_GT(refused, tried / 2);
}

TEST(ModuleReader, RefusesWhatNestsTooDeep) {
  const char *expected = "expected brackets that nest at most 128 deep, found more";
  EXPECT_EQ(Reading("module attributes {a = " + repeat("[", 200000)).error, expected);
  EXPECT_EQ(Reading(repeat("module {", 200000)).error, expected);
  EXPECT_EQ(Reading("\"" + repeat("(", 200)).error.find("expected brackets"), std::string::npos);
}

TEST(ModuleReader, RefusesAttributesThatAreExponentialWhenPrinted) {
  std::string attributes = "#a0 = [0, 0]\n", types = "!t0 = tuple<i1, i1>\n";
  for (int n = 1; n < 64; ++n) {
    std::string now = std::to_string(n), before = std::to_string(n - 1);
    attributes += "#a" + now + " = [#a" + before + ", #a" + before + "]\n";
    types += "!t" + now + " = tuple<!t" + before + ", !t" + before + ">\n";
  }
  const std::string attribute = "module attributes {a = #a63} {}", type = "module attributes {a = !t63} {}";
  for (const std::string &text : {attributes + attribute, types + type})
    EXPECT_NE(Reading(text).error.find("expected attributes and types of at most 2097152 elements"), std::string::npos);
}

TEST(BytecodeChild, ReturnsTheTextOrNothing) {
  std::string large(1 << 20, 'x');
  constexpr xlstm::lm::ChildLimits limits{1 << 26, 500};
  EXPECT_EQ(xlstm::lm::runInChild([&] { return large; }, limits), large);
  EXPECT_EQ(xlstm::lm::runInChild([]() -> std::string { std::abort(); }, limits), std::nullopt);
  volatile bool forever = true;
  auto loop = [&]() -> std::string {
    while (forever) {
    }
    return large;
  };
  EXPECT_EQ(xlstm::lm::runInChild(loop, {1 << 26, 20}), std::nullopt);
}

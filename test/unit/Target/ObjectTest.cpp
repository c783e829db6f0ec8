//===- ObjectTest.cpp - the object file of a compiled model ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TargetTest.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Target/Cpu.h"

#include "llvm/Object/ObjectFile.h"
#include <gtest/gtest.h>

#include <set>

using namespace xlstm;
using namespace xlstm::test;
namespace fs = std::filesystem;

static CpuTargetOptions onCpu(const std::string &cpu) {
  return {fs::path(libraries) / "xlstm_kernels_cpu.bc", cpu, false, 64, {}, false};
}

/// The message of the Error that compiling throws.
static std::string errorOf(std::string_view mlir, const CpuTargetOptions &options) {
  try {
    compileForCpu(mlir, "model.mlir", workFolder() / "never.o", options);
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

// Every kernel became part of the model, with its sizes: nothing calls one by its name any more.
TEST(ObjectTest, KernelsAreSpecialisedAndOnlyTheModelIsExported) {
  fs::path file = workFolder() / "model.o";
  Bundle bundle = Bundle::open(tinyStudent().bundle);
  ModelObject object = compileForCpu(readTextFile(bundle.modelFile()), "model.mlir", file, onCpu("native"));
  auto binary = llvm::object::ObjectFile::createObjectFile(file.string());
  ASSERT_TRUE(static_cast<bool>(binary));
  std::set<std::string> undefined, exported;
  for (const llvm::object::SymbolRef &symbol : binary->getBinary()->symbols()) {
    uint32_t flags = cantFail(symbol.getFlags());
    if (flags & llvm::object::SymbolRef::SF_Undefined)
      undefined.insert(cantFail(symbol.getName()).str());
    else if (flags & llvm::object::SymbolRef::SF_Global)
      exported.insert(cantFail(symbol.getName()).str());
  }
  EXPECT_EQ(exported, std::set<std::string>{"xlstm_model"});
  undefined.erase("");
  const std::set<std::string> libc = {"memcpy",  "memset", "memmove", "sinf", "cosf",
                                      "sincosf", "sqrt",   "bcmp",    "exp",  "log1p"};
  for (const std::string &name : undefined)
    EXPECT_TRUE(libc.contains(name)) << name;

  ASSERT_EQ(object.weights.size(), bundle.weights.tensors().size());
  uint64_t end = 0;
  for (const WeightPlacement &weight : object.weights) {
    EXPECT_EQ(weight.offset % 16, 0u) << weight.tensor.name;
    EXPECT_GE(weight.offset, end) << weight.tensor.name;
    end = weight.offset + weight.tensor.numBytes();
  }
  EXPECT_GE(object.weightBytes, end);
}

TEST(ObjectTest, NamedCpu) {
  fs::path file = workFolder() / "named.o";
  std::string mlir = readTextFile(tinyTeacher().bundle / "model.mlir");
#ifdef __x86_64__
  EXPECT_NO_THROW(compileForCpu(mlir, "model.mlir", file, onCpu("x86-64-v3")));
#endif
  EXPECT_EQ(errorOf(mlir, onCpu("pdp-11")), "expected the name of a CPU that LLVM knows, or native, found 'pdp-11'");
}

TEST(ObjectTest, BadModulesAreErrorsWithAPlace) {
  EXPECT_EQ(errorOf("lm.model @model(", onCpu("native")).substr(0, 15), "model.mlir:1:16");
  EXPECT_EQ(errorOf("module {}", onCpu("native")), "model.mlir: expected a function @model, found none");
  std::string mlir = readTextFile(tinyTeacher().bundle / "model.mlir");
  CpuTargetOptions noKernels{workFolder() / "none.bc", "native", false, 64, {}, false};
  EXPECT_NE(errorOf(mlir, noKernels).find("expected the kernels' bitcode"), std::string::npos);
}

//===- BuildPrefill.cpp - the function that reads a prompt ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StatefulBuilder.h"
#include "xlstm/Transforms/Passes.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_BUILDPREFILL
#include "lib/Transforms/Passes.h.inc"

namespace {

class BuildPrefill : public impl::BuildPrefillBase<BuildPrefill> {
public:
  using BuildPrefillBase::BuildPrefillBase;

  void runOnOperation() override {
    if (function.empty() || lm::LMDialect::isReservedName(function)) {
      getOperation().emitError() << "option name expects a name that compiled code does not use itself, found \""
                                 << function << '"';
      return signalPassFailure();
    }
    StatefulOptions options{batch == -1 ? ShapedType::kDynamic : batch,
                            tokens == -1 ? ShapedType::kDynamic : tokens,
                            logits == LogitsKind::Last,
                            {/*oneToken=*/false, chunk, context}};
    if (failed(buildStateful(getOperation(), function, options)))
      signalPassFailure();
  }
};

} // namespace
} // namespace xlstm

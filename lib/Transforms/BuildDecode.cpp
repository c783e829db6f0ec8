//===- BuildDecode.cpp - the function of one token ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StatefulBuilder.h"
#include "xlstm/Transforms/Passes.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_BUILDDECODE
#include "lib/Transforms/Passes.h.inc"

namespace {

class BuildDecode : public impl::BuildDecodeBase<BuildDecode> {
public:
  using BuildDecodeBase::BuildDecodeBase;

  void runOnOperation() override {
    StatefulOptions options{batch == -1 ? ShapedType::kDynamic : batch,
                            /*tokens=*/1,
                            /*lastLogits=*/true,
                            {/*oneToken=*/true, /*chunk=*/0, context}};
    StringRef name = many ? "decode_many" : "decode";
    if (failed(buildStateful(getOperation(), name, options)))
      return signalPassFailure();
    if (many)
      getOperation().lookupSymbol<lm::ModelOp>(name).setRowsApart(true);
  }
};

} // namespace
} // namespace xlstm

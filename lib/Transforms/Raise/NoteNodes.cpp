//===- NoteNodes.cpp - which node each op was raised from -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"
#include "dialects/ONNX/ONNXDialect.h"
#include "xlstm/Transforms/RaisePasses.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_NOTENODES
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

class NoteNodes : public impl::NoteNodesBase<NoteNodes> {
public:
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      auto name = dyn_cast<NameLoc>(op->getLoc());
      if (name &&
          isa<lm::EmbedOp, lm::LinearOp, lm::RmsNormOp, lm::RopeOp, lm::AttentionOp, lm::SwigluOp, lm::AddOp>(op))
        op->setAttr("lm.node", name.getName());
    });
  }
};

} // namespace
} // namespace xlstm

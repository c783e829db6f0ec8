//===- MixerBuilder.h - find a teacher's attention, build its successor ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What Linearize and BuildAlign share: which layers to convert, what a mixer needs of their surroundings, the mixer.

#ifndef LIB_TRANSFORMS_MIXERBUILDER_H
#define LIB_TRANSFORMS_MIXERBUILDER_H

#include "xlstm/Transforms/MixerOptions.h"

#include "mlir/IR/Builders.h"

namespace xlstm {

/// The projection that queries, keys or values come from.
struct HeadProjection {
  lm::LinearOp linear;
  lm::SplitHeadsOp split;
};

/// An attention to be replaced. Its projections are set where the mixer reads them.
struct AttentionSite {
  lm::LayerOp layer;
  lm::AttentionOp attention;
  HeadProjection q, k, v;
};

/// The attentions of the layers that `options` select, in order; emits an error for one that cannot be converted and a
/// remark for each layer that stays as it is.
mlir::FailureOr<llvm::SmallVector<AttentionSite>> selectSites(lm::ModelOp model, const MixerOptions &options);

/// Builds the student's mixer in front of a site's attention.
class MixerBuilder {
public:
  MixerBuilder(const AttentionSite &site, const MixerOptions &options);

  /// The mixer's output, [B, T, H, d].
  mlir::Value build();
  /// The window branch alone; the mixer's own where it has one.
  mlir::Value window();

private:
  mlir::Value memory();
  mlir::Value memoryGate(llvm::StringRef name, double bias);
  mlir::Value outputGate();
  mlir::Value mapped(mlir::Value heads, llvm::StringRef name);
  mlir::Value rawHeads(HeadProjection projection);
  mlir::Value param(llvm::StringRef name, llvm::ArrayRef<int64_t> shape, mlir::Attribute init);

  mlir::OpBuilder builder;
  mlir::Location loc;
  AttentionSite site;
  const MixerOptions &options;
  int64_t numHeads, headDim;
  mlir::Value windowBranch;
};

} // namespace xlstm

#endif // LIB_TRANSFORMS_MIXERBUILDER_H

//===- LMInterfaces.td - what passes ask of an op -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LM_INTERFACES_TD
#define LM_INTERFACES_TD

include "mlir/IR/OpBase.td"

def LM_StatefulOpInterface : OpInterface<"StatefulOpInterface"> {
  let description = [{
    An op that reads the tokens of a document in order and remembers. Of whole documents it has `doc_start`; otherwise it
    continues one document a row, from `state` to `new_state`, its last results. The i-th new state is the i-th state
    after the call's tokens and may take its memory.

    Names, types, initial values and order of the states are defined by `describeStates` and nowhere else. An op gets the
    accessors from its operands `doc_start` (optional) and `state` (variadic) and its results `new_state` (variadic).
  }];
  let cppNamespace = "::xlstm::lm";
  let methods = [
    InterfaceMethod<"Where the documents begin; null where the op continues documents.",
                    "::mlir::Value", "getDocStart">,
    InterfaceMethod<"The states before the call's tokens.", "::mlir::OperandRange", "getState">,
    InterfaceMethod<"The states, to be set.", "::mlir::MutableOperandRange", "getStateMutable">,
    InterfaceMethod<"The states after the call's tokens.", "::mlir::ResultRange", "getNewState">,
    InterfaceMethod<[{
      The states of this op where it continues documents: for the sizes and types of its other operands, the verified
      shapes of which it may rely on.
    }], "::llvm::SmallVector<::xlstm::lm::StateSpec>", "describeStates">,
    InterfaceMethod<[{
      Lets an op of whole documents continue them: drops `doc_start`, takes `pos` (the tokens that went before, [B]) where
      it has use for it, and whatever else `options` says. Its states are set behind that (`addStates`).
    }], "::mlir::LogicalResult", "continueDocuments",
       (ins "::mlir::Value":$pos, "const ::xlstm::lm::StepOptions &":$options)>
  ];
}

def LM_PrecisionOpInterface : OpInterface<"PrecisionOpInterface"> {
  let description = [{
    How an op takes the type of activations (`xlstm-set-precision`). An op without it gives results of its first operand's
    type and takes every operand as it comes. States are not asked for: `describeStates` has their types.
  }];
  let cppNamespace = "::xlstm::lm";
  let methods = [
    InterfaceMethod<[{
      The element type that the op wants of `operand` where activations are `activation`; null: whatever it has. What is
      float32 always, such as a gate's pre-activation, says so here.
    }], "::mlir::Type", "getOperandPrecision", (ins "::mlir::OpOperand &":$operand, "::mlir::Type":$activation), "",
       [{ return {}; }]>,
    InterfaceMethod<"The element type of `result`, asked when the operands have theirs.", "::mlir::Type", "getResultPrecision",
      (ins "::mlir::OpResult":$result, "::mlir::Type":$activation), "",
      [{ return ::mlir::getElementTypeOrSelf($_op->getOperand(0)); }]>
  ];
}

#endif // LM_INTERFACES_TD

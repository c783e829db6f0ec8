//===- KernelBase.td - how a kernel is described --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Read by mlir-tblgen (the ops) and by tools/kernel_calls.py (C prototypes, the table of descriptions, docs).

#ifndef KERNEL_BASE_TD
#define KERNEL_BASE_TD

include "dialects/Kernel/KernelDialect.td"

def Kernel_View : Type<CPred<"::llvm::isa<::mlir::MemRefType>($_self)">, "view of memory", "::mlir::MemRefType">;

// A view that a kernel reads or writes.
//   dims    names of its dimensions; the first takes all leading ones together. "3d" is three times d, "d/2" half of it.
//           A bar stands where rows may lie apart: "rows | n" is called with `<name>_stride`, the elements between rows.
//   type    f32, i32, i64, or a variable that the kernel's `types` give a value: one of these, bf16, f16, or a number that
//           stands in a panel (Kernel_PanelType): f32p, bf16p, f16p, q8p, q4p, q4mp.
class KernelView<string n, string d, string t, string a, bit o> {
  string name = n;
  string dims = d;
  string type = t;
  string access = a;
  bit optional = o;
  TypeConstraint constraint = !if(o, Optional<Kernel_View>, Kernel_View);
  string format = !if(o, "(`" # n # "` `(` $" # n # "^ `)`)?", "`" # n # "` `(` $" # n # " `)`");
}
class In<string n, string d, string t> : KernelView<n, d, t, "in", 0>;
class OptionalIn<string n, string d, string t> : KernelView<n, d, t, "in", 1>;
class InOut<string n, string d, string t> : KernelView<n, d, t, "inout", 0>;
class OptionalInOut<string n, string d, string t> : KernelView<n, d, t, "inout", 1>;
class Out<string n, string d, string t> : KernelView<n, d, t, "out", 0>;

// A constant of a call: f32 is a float in C, i64 an int64_t.
class KernelNumber<string n, Attr a, string t> {
  string name = n;
  string type = t;
  Attr constraint = a;
}
class F32Number<string n> : KernelNumber<n, F32Attr, "f32">;
class I64Number<string n> : KernelNumber<n, I64Attr, "i64">;

def Kernel_CallTrait : NativeOpTrait<"KernelCall">;

class Kernel_Op<string mnemonic, list<Trait> traits = []> : Op<Kernel_Dialect, mnemonic, traits> {
  let cppNamespace = "::xlstm::kernel";
}

// One kernel. In C: void xlstm_cpu_<name>[_<type>](...) and int xlstm_cuda_<name>(...), with the enum xlstm_dtype of each
// of `cudaTypes`, the views' pointers (null where one is absent), `sizes`, strides of the views with a bar, numbers, on
// CUDA the workspaces that it has and the stream, on the CPU the team of threads that it is called by (Kernels/Team.h).
class KernelCall<string mnemonic, list<KernelView> v, list<KernelNumber> n = []>
    : Kernel_Op<mnemonic, [AttrSizedOperandSegments, Kernel_CallTrait]> {
  list<KernelView> views = v;
  list<KernelNumber> numbers = n;
  list<string> sizes = [];
  // Type variables, and the values that they have together: [["f32", "f32"], ["bf16", "f32"]].
  list<string> types = [];
  list<list<string>> cpu = [];
  list<list<string>> cuda = [];
  // The variable whose type ends the C name on the CPU; those whose types are arguments on CUDA.
  string cpuSuffix = "";
  list<string> cudaTypes = [];
  // Memory that a kernel takes beside its views: on CUDA "workspace" and "zeroed", as many bytes as
  // xlstm_cuda_<name>_<memory>(types, sizes) says.
  list<string> cudaMemory = [];
  // On CUDA there is an xlstm_cuda_<name>_apart too, of B texts whose states (what is inout, and `pos`) lie anywhere: with
  // `const int64_t *apart` [B] behind the numbers, in the device's memory, so many bytes behind the named places.
  bit cudaApart = 0;
  // Sizes and numbers that are as many times larger as a call has tokens: on the CPU a call may have fewer than its
  // views have room for (KernelToLLVM).
  list<string> grows = [];
  // "y=x": y may lie exactly where x lies.
  list<string> inPlace = [];
  // Unit attributes that ask for another function, xlstm_cuda_<name>_<variant>.
  list<string> cudaVariants = [];
  // The largest that a size may be, and what it must be a multiple of.
  list<string> limits = [];
  list<string> multiples = [];

  let arguments = !con(!dag(ins, !foreach(x, v, x.constraint), !foreach(x, v, x.name)),
                       (ins Optional<Kernel_View>:$workspace, Optional<Kernel_View>:$zeroed),
                       !dag(ins, !foreach(x, n, x.constraint), !foreach(x, n, x.name)));
  let assemblyFormat = !interleave(!foreach(x, v, x.format), " ")
                       # " (`workspace` `(` $workspace^ `)`)? (`zeroed` `(` $zeroed^ `)`)? attr-dict `:` type(operands)";
}

#endif // KERNEL_BASE_TD

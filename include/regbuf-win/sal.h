/* SPDX-License-Identifier: MIT */
/* Annotations for Microsoft's compiler, without meaning here. */
#ifndef REGBUF_WIN_SAL_H
#define REGBUF_WIN_SAL_H

#include "minwindef.h"

#define _In_
#define _In_opt_
#define _In_z_
#define _In_opt_z_
#define _In_reads_(n)
#define _In_reads_opt_(n)
#define _In_reads_bytes_(n)
#define _In_reads_bytes_opt_(n)
#define _In_reads_or_z_(n)
#define _In_range_(low, high)
#define _Inout_
#define _Inout_opt_
#define _Inout_z_
#define _Inout_updates_(n)
#define _Inout_updates_opt_(n)
#define _Inout_updates_all_(n)
#define _Inout_updates_bytes_(n)
#define _Inout_updates_bytes_opt_(n)
#define _Out_
#define _Out_opt_
#define _Out_writes_(n)
#define _Out_writes_opt_(n)
#define _Out_writes_z_(n)
#define _Out_writes_all_(n)
#define _Out_writes_to_(n, count)
#define _Out_writes_bytes_(n)
#define _Out_writes_bytes_opt_(n)
#define _Out_writes_bytes_all_(n)
#define _Out_writes_bytes_to_(n, count)
#define _Out_range_(low, high)
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _Outptr_result_bytebuffer_(n)
#define _COM_Outptr_
#define _Deref_out_range_(low, high)
#define _Field_size_(n)
#define _Field_size_opt_(n)
#define _Field_size_bytes_(n)
#define _Field_size_part_(n, count)
#define _Field_z_
#define _Field_range_(low, high)
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Ret_z_
#define _Ret_range_(low, high)
#define _Ret_writes_(n)
#define _Ret_writes_bytes_(n)
#define _Ret_writes_bytes_maybenull_(n)
#define _Success_(what)
#define _Return_type_success_(what)
#define _When_(when, what)
#define _At_(where, what)
#define _Pre_
#define _Post_
#define _Pre_satisfies_(what)
#define _Post_satisfies_(what)
#define _Pre_maybenull_
#define _Post_invalid_
#define _Post_ptr_invalid_
#define _Post_equals_last_error_
#define _Frees_ptr_
#define _Frees_ptr_opt_
#define _Check_return_
#define _Must_inspect_result_
#define _Use_decl_annotations_
#define _Printf_format_string_
#define _Reserved_
#define _Null_terminated_
#define _NullNull_terminated_
#define _Function_class_(name)
#define _IRQL_requires_(level)
#define _IRQL_requires_max_(level)
#define _IRQL_requires_same_
#define _Acquires_lock_(lock)
#define _Releases_lock_(lock)
#define _Requires_lock_held_(lock)
#define _Requires_lock_not_held_(lock)
#define _Acquires_exclusive_lock_(lock)
#define _Releases_exclusive_lock_(lock)
#define _Acquires_shared_lock_(lock)
#define _Releases_shared_lock_(lock)
#define _Requires_exclusive_lock_held_(lock)
#define _Requires_shared_lock_held_(lock)
#define _Guarded_by_(lock)
#define _Interlocked_operand_
#define _Analysis_assume_(what)
#define __analysis_assume(what)
#define __drv_aliasesMem
#define __callback

#endif /* REGBUF_WIN_SAL_H */

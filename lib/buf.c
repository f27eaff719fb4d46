// SPDX-License-Identifier: MIT
/*
 * Buffers: register, deregister, look, wait.
 */
#include "regbuf_int.h"

static void regbuf_budget_fill(struct regbuf_budget *budget,
			       const struct regbuf_ioc_register *reg)
{
	*budget = (struct regbuf_budget){
		.needed = reg->needed,
		.charged = reg->charged,
		.allowed = reg->allowed,
		.uncharged = !!(reg->result & REGBUF_REGISTER_R_UNCHARGED),
		.result = reg->result,
	};
}

REGBUF_EXPORT int regbuf_register_flags(struct regbuf *rb, void *addr,
					size_t length, unsigned int access,
					unsigned int flags, uint64_t *id,
					struct regbuf_budget *budget)
{
	struct regbuf_ioc_register reg = {
		.size = sizeof(reg),
		.flags = flags,
		.addr = (uintptr_t)addr,
		.length = length,
		.access = access,
	};
	int err = regbuf_call(rb, REGBUF_IOC_REGISTER, &reg);

	*id = err ? REGBUF_ID_NONE : reg.id;
	if (budget)
		regbuf_budget_fill(budget, &reg);
	return err;
}

REGBUF_EXPORT int regbuf_register_budget(struct regbuf *rb, void *addr,
					 size_t length, unsigned int access,
					 uint64_t *id,
					 struct regbuf_budget *budget)
{
	return regbuf_register_flags(rb, addr, length, access, 0, id, budget);
}

REGBUF_EXPORT int regbuf_register(struct regbuf *rb, void *addr, size_t length,
				  unsigned int access, uint64_t *id)
{
	return regbuf_register_budget(rb, addr, length, access, id, NULL);
}

REGBUF_EXPORT int regbuf_deregister_count(struct regbuf *rb, uint64_t id,
					  unsigned int *left)
{
	struct regbuf_ioc_deregister dereg = {
		.size = sizeof(dereg),
		.id = id,
	};
	int err = regbuf_call(rb, REGBUF_IOC_DEREGISTER, &dereg);

	if (left)
		*left = err ? 0 : dereg.count;
	return err;
}

REGBUF_EXPORT int regbuf_deregister(struct regbuf *rb, uint64_t id)
{
	return regbuf_deregister_count(rb, id, NULL);
}

REGBUF_EXPORT int regbuf_deregister_if_idle(struct regbuf *rb, uint64_t id,
					    unsigned int *in_flight)
{
	struct regbuf_ioc_deregister dereg = {
		.size = sizeof(dereg),
		.flags = REGBUF_DEREGISTER_F_BUSY,
		.id = id,
	};
	int err = regbuf_call(rb, REGBUF_IOC_DEREGISTER, &dereg);

	if (in_flight)
		*in_flight = dereg.in_flight;
	return err;
}

REGBUF_EXPORT int regbuf_deregister_wait(struct regbuf *rb, uint64_t id,
					 int64_t timeout_ns)
{
	struct regbuf_ioc_deregister dereg = {
		.size = sizeof(dereg),
		.flags = REGBUF_DEREGISTER_F_WAIT,
		.id = id,
		.timeout_ns = timeout_ns,
	};

	return regbuf_call(rb, REGBUF_IOC_DEREGISTER, &dereg);
}

REGBUF_EXPORT int regbuf_status(struct regbuf *rb, uint64_t id,
				struct regbuf_ioc_status *status)
{
	status->id = id;
	return regbuf_call(rb, REGBUF_IOC_STATUS, status);
}

REGBUF_EXPORT int regbuf_wait(struct regbuf *rb, uint64_t id,
			      int64_t timeout_ns)
{
	struct regbuf_ioc_wait wait = {
		.size = sizeof(wait),
		.id = id,
		.timeout_ns = timeout_ns,
	};

	return regbuf_call(rb, REGBUF_IOC_WAIT, &wait);
}

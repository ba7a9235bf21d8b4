// at: services/billing/src/app/ports.ts
// refused by: no-restricted-imports
import { Injectable } from '@nestjs/common';

export const decorate = Injectable;

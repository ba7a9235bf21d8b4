// at: services/billing/src/catalog/app/catalog-ports.ts
// refused by: no-restricted-imports
import { Injectable } from '@nestjs/common';

export const decorate = Injectable;

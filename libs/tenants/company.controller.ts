import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ProvenJustNow, Returns, Roles } from '@app/platform';
import { company, type UpdateCompany, updateCompany } from './tenant.contract.js';
import { TenantsService } from './tenants.service.js';

@ApiTags('Company')
@ApiBearerAuth()
@Controller('api/company')
@Roles('admin')
export class CompanyController {
  constructor(private readonly tenants: TenantsService) {}

  @Get()
  @ApiOperation({ summary: 'My company and its policy', operationId: 'getCompany' })
  @Returns(company)
  get() {
    return this.tenants.get();
  }

  @Patch()
  @ProvenJustNow('any_factor')
  @ApiOperation({ summary: 'Change its name or policy', operationId: 'updateCompany' })
  @Returns(company)
  update(@Body({ schema: updateCompany }) changes: UpdateCompany) {
    return this.tenants.update(changes);
  }
}

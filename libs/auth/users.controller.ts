import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { message } from '@app/mfa';
import { CurrentCaller, OneFactorEnough, ProvenJustNow, Returns, Roles, type UserCaller } from '@app/platform';
import * as contract from './users.contract.js';
import { UsersService } from './users.service.js';

const id = z.uuid();

@ApiTags('People')
@ApiBearerAuth()
@Controller('api/users')
@Roles('admin')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get('me')
  @Roles('user')
  @OneFactorEnough(true)
  @ApiOperation({ summary: 'Me', operationId: 'getMe' })
  @Returns(contract.user)
  me(@CurrentCaller() { profile }: UserCaller) {
    return profile;
  }

  @Put('me')
  @Roles('user')
  @ApiOperation({ summary: 'Change my name or phone number', operationId: 'updateMe' })
  @Returns(contract.user)
  updateMe(@CurrentCaller() caller: UserCaller, @Body({ schema: contract.updateUser }) changes: contract.UpdateUser) {
    return this.users.update(caller, caller.id, changes);
  }

  @Get()
  @Roles('manager')
  @ApiOperation({ summary: 'The people of my company', operationId: 'listUsers' })
  @Returns(contract.userPage)
  list(@CurrentCaller() caller: UserCaller, @Query({ schema: contract.userQuery }) query: contract.UserQuery) {
    return this.users.list(caller, query);
  }

  @Get(':id')
  @Roles('manager')
  @ApiOperation({ summary: 'One person', operationId: 'getUser' })
  @Returns(contract.user)
  get(@CurrentCaller() caller: UserCaller, @Param('id', { schema: id }) userId: string) {
    return this.users.get(caller, userId);
  }

  @Put(':id')
  @ApiOperation({ summary: "Change a person's name or phone number", operationId: 'updateUser' })
  @Returns(contract.user)
  update(
    @CurrentCaller() caller: UserCaller,
    @Param('id', { schema: id }) userId: string,
    @Body({ schema: contract.updateUser }) changes: contract.UpdateUser,
  ) {
    return this.users.update(caller, userId, changes);
  }

  @Delete(':id')
  @ProvenJustNow('any_factor')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a person', operationId: 'deleteUser' })
  @ApiNoContentResponse({ description: 'Gone; the audit trail stays' })
  remove(@CurrentCaller() caller: UserCaller, @Param('id', { schema: id }) userId: string) {
    return this.users.remove(caller, userId);
  }

  @Post(':id/activate')
  @ProvenJustNow('any_factor')
  @ApiOperation({ summary: 'Let a person sign in again', operationId: 'activateUser' })
  @Returns(contract.user)
  activate(@CurrentCaller() caller: UserCaller, @Param('id', { schema: id }) userId: string) {
    return this.users.setActive(caller, userId, true);
  }

  @Post(':id/deactivate')
  @ApiOperation({ summary: 'Shut a person out, at once and everywhere', operationId: 'deactivateUser' })
  @Returns(contract.user)
  deactivate(@CurrentCaller() caller: UserCaller, @Param('id', { schema: id }) userId: string) {
    return this.users.setActive(caller, userId, false);
  }

  @Put(':id/role')
  @ProvenJustNow('any_factor')
  @ApiOperation({ summary: "Change a person's role", operationId: 'changeRole' })
  @Returns(contract.user)
  changeRole(
    @CurrentCaller() caller: UserCaller,
    @Param('id', { schema: id }) userId: string,
    @Body({ schema: contract.changeRole }) { role }: z.output<typeof contract.changeRole>,
  ) {
    return this.users.changeRole(caller, userId, role);
  }

  @Post(':id/mfa/reset')
  @ProvenJustNow(true)
  @ApiOperation({ summary: "Remove a person's factors and sessions, for one who lost them", operationId: 'resetMfa' })
  @Returns(message)
  async resetMfa(@CurrentCaller() caller: UserCaller, @Param('id', { schema: id }) userId: string) {
    await this.users.resetMfa(caller, userId);
    return { message: 'The second factors are removed', detail: null };
  }
}
